import JSONText

/// Lets go of a shape that nobody subscribes to, and of the rows that no other shape has.
package enum ForgetShape: RequestMethod {
    package static let method = "shape/forget"
    package typealias Result = Nothing

    package struct Params: WireValue {
        /// As `shape/list` names it.
        package let shape: String

        package init(shape: String) {
            self.shape = shape
        }

        package init(json: JSON) throws(WireError) {
            var reader = try MemberReader(json)
            shape = try reader.required("shape", Read.string)
            try reader.finish()
        }

        package var json: JSON { ["shape": .string(shape)] }
    }
}
