import JSONText

/// Ends the subscriptions of the connection's view. The rows stay on the device unless they are to be forgotten.
package enum LeaveView: RequestMethod {
    package static let method = "view/leave"
    package typealias Result = Nothing

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
}
