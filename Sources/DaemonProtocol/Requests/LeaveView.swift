import JSONText

/// Ends the subscriptions of the connection's view. The rows stay on the device unless they are to be forgotten.
package enum LeaveView: RequestMethod {
    package static let method = "view/leave"
    package struct Params: WireValue {
        package let forget: Bool

        package init(forget: Bool = false) {
            self.forget = forget
        }

        package init(json: JSON) throws(WireError) {
            var reader = try MemberReader(json)
            forget = try reader.optional("forget", Read.bool) ?? false
            try reader.finish()
        }

        package var json: JSON { ["forget": .bool(forget)] }
    }

    package struct Result: WireValue {
        /// The view that was entered last on this device; nil where none was, or it was left.
        package let left: String?
        /// What was forgotten, as `shape/list` names it; nil where nothing was to be.
        package let shapes: [String]?

        package init(left: String?, shapes: [String]? = nil) {
            self.left = left
            self.shapes = shapes
        }

        package init(json: JSON) throws(WireError) {
            var reader = try MemberReader(json)
            left = try reader.optional("left", Read.string)
            shapes = try reader.optional("shapes", Read.array(Read.string))
        }

        package var json: JSON {
            var object = JSONObject()
            object["left"] = left.map(JSON.string)
            object["shapes"] = shapes.map { .array($0.map(JSON.string)) }
            return .object(object)
        }
    }
}
