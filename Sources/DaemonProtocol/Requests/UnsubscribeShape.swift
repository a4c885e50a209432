import JSONText

/// Ends a subscription. The rows stay on the device unless they are to be forgotten and nobody else subscribes.
package enum UnsubscribeShape: RequestMethod {
    package static let method = "shape/unsubscribe"
    package typealias Result = Nothing

    package struct Params: WireValue {
        package let subscription: String
        package let forget: Bool

        package init(subscription: String, forget: Bool = false) {
            self.subscription = subscription
            self.forget = forget
        }

        package init(json: JSON) throws(WireError) {
            var reader = try MemberReader(json)
            subscription = try reader.required("subscription", Read.string)
            forget = try reader.optional("forget", Read.bool) ?? false
            try reader.finish()
        }

        package var json: JSON { ["subscription": .string(subscription), "forget": .bool(forget)] }
    }
}
