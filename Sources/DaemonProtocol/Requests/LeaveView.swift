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

        package init(left: String?) {
            self.left = left
        }

        package init(json: JSON) throws(WireError) {
            var reader = try MemberReader(json)
            left = try reader.optional("left", Read.string)
        }

        package var json: JSON {
            var object = JSONObject()
            object["left"] = left.map(JSON.string)
            return .object(object)
        }
    }
}
