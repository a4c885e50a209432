import JSONText

/// Every shape that this device holds, in the order in which they were first asked for.
package enum ListShapes: RequestMethod {
    package static let method = "shape/list"
    package typealias Params = Nothing

    package struct Result: WireValue {
        package let shapes: [ShapeSummary]

        package init(shapes: [ShapeSummary]) {
            self.shapes = shapes
        }

        package init(json: JSON) throws(WireError) {
            var reader = try MemberReader(json)
            shapes = try reader.required("shapes", Read.array(Read.value(ShapeSummary.self)))
        }

        package var json: JSON { ["shapes": .array(shapes.map(\.json))] }
    }
}
