import JSONText

/// Holds a shape on the device and tells this connection of its changes.
package enum SubscribeShape: RequestMethod {
    package static let method = "shape/subscribe"

    package struct Params: WireValue {
        package let definition: JSON
        /// Rows that come with the answer.
        package let limit: Int
        /// Tell of the rows of a first sync as they arrive.
        package let isPartial: Bool

        package init(definition: JSON, limit: Int = Limits.defaultPage, isPartial: Bool = false) {
            self.definition = definition
            self.limit = limit
            self.isPartial = isPartial
        }

        package init(json: JSON) throws(WireError) {
            var reader = try MemberReader(json)
            definition = try reader.required("definition", Read.object)
            limit = try reader.optional("limit", Read.int(0...Limits.page)) ?? Limits.defaultPage
            isPartial = try reader.optional("partial", Read.bool) ?? false
            try reader.finish()
        }

        package var json: JSON {
            var object: JSONObject = ["definition": definition, "limit": .int(Int64(limit))]
            if isPartial { object["partial"] = true }
            return .object(object)
        }
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
