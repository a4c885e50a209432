import JSONText

/// Holds a shape on the device and tells this connection of its changes.
package enum SubscribeShape: RequestMethod {
    package static let method = "shape/subscribe"

    package struct Params: WireValue {
        package let definition: JSON
        /// Rows that come with the answer.
        package let limit: Int

        package init(definition: JSON, limit: Int = Limits.defaultPage) {
            self.definition = definition
            self.limit = limit
        }

        package init(json: JSON) throws(WireError) {
            var reader = try MemberReader(json)
            definition = try reader.required("definition", Read.object)
            limit = try reader.optional("limit", Read.int(0...Limits.page)) ?? Limits.defaultPage
            try reader.finish()
        }

        package var json: JSON { ["definition": definition, "limit": .int(Int64(limit))] }
    }

    package struct Result: WireValue {
        package let subscription: String
        package let page: ShapePage

        package init(subscription: String, page: ShapePage) {
            self.subscription = subscription
            self.page = page
        }

        package init(json: JSON) throws(WireError) {
            var reader = try MemberReader(json)
            subscription = try reader.required("subscription", Read.string)
            page = try ShapePage(&reader)
        }

        package var json: JSON {
            .object(JSONObject([("subscription", .string(subscription))] + page.members))
        }
    }
}
