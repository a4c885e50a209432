import JSONText

/// Lets go of a shape that nobody subscribes to, or of all that nobody uses, and of the rows that no other shape has.
package enum ForgetShape: RequestMethod {
    package static let method = "shape/forget"

    package struct Params: WireValue {
        package enum Target: Hashable, Sendable {
            /// As `shape/list` names it.
            case shape(String)
            /// Every shape that nobody subscribes to or waits for, that no view brought, and that does not alone have a
            /// row with operations that are not confirmed.
            case unused
        }

        package let target: Target

        package init(_ target: Target) {
            self.target = target
        }

        package init(json: JSON) throws(WireError) {
            var reader = try MemberReader(json)
            let shape = try reader.optional("shape", Read.string)
            let isUnused = try reader.optional("unused", Read.bool) ?? false
            try reader.finish()
            switch (shape, isUnused) {
            case (let shape?, false): target = .shape(shape)
            case (nil, true): target = .unused
            case (nil, false): throw WireError(path: "shape", problem: "is missing, and unused is not true")
            case (.some, true): throw WireError(path: "unused", problem: "must not stand beside shape")
            }
        }

        package var json: JSON {
            switch target {
            case .shape(let shape): ["shape": .string(shape)]
            case .unused: ["unused": true]
            }
        }
    }

    package struct Result: WireValue {
        /// What went. Of the unused ones the least recently used first.
        package let shapes: [String]

        package init(shapes: [String]) {
            self.shapes = shapes
        }

        package init(json: JSON) throws(WireError) {
            var reader = try MemberReader(json)
            shapes = try reader.required("shapes", Read.array(Read.string))
        }

        package var json: JSON { ["shapes": .array(shapes.map(JSON.string))] }
    }
}
