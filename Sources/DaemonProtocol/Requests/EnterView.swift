import JSONText

/// Subscribes to the shapes of a view of the data model, in the place of those of the view that was entered before.
package enum EnterView: RequestMethod {
    package static let method = "view/enter"

    package struct Params: WireValue {
        package let name: String
        /// As the data model declares them: text, numbers, booleans, and lists of them.
        package let parameters: JSONObject
        /// Rows of each shape that come with the answer.
        package let limit: Int
        /// Tell of the rows of a first sync as they arrive.
        package let isPartial: Bool

        package init(
            name: String, parameters: JSONObject = [:], limit: Int = Limits.defaultPage, isPartial: Bool = false
        ) {
            self.name = name
            self.parameters = parameters
            self.limit = limit
            self.isPartial = isPartial
        }

        package init(json: JSON) throws(WireError) {
            var reader = try MemberReader(json)
            name = try reader.required("name", Read.string)
            parameters = try reader.optional("parameters", Read.object)?.object ?? [:]
            limit = try reader.optional("limit", Read.int(0...Limits.page)) ?? Limits.defaultPage
            isPartial = try reader.optional("partial", Read.bool) ?? false
            try reader.finish()
        }

        package var json: JSON {
            var object: JSONObject = [
                "name": .string(name), "parameters": .object(parameters), "limit": .int(Int64(limit)),
            ]
            if isPartial { object["partial"] = true }
            return .object(object)
        }
    }

    package struct ViewSubscription: WireValue {
        /// Its name in the data model.
        package let shape: String
        package let subscription: String
        /// It goes on from the view before: the client has its rows.
        package let isKept: Bool
        package let page: ShapePage

        package init(shape: String, subscription: String, isKept: Bool, page: ShapePage) {
            self.shape = shape
            self.subscription = subscription
            self.isKept = isKept
            self.page = page
        }

        package init(json: JSON) throws(WireError) {
            var reader = try MemberReader(json)
            shape = try reader.required("shape", Read.string)
            subscription = try reader.required("subscription", Read.string)
            isKept = try reader.required("kept", Read.bool)
            page = try ShapePage(&reader)
        }

        package var json: JSON {
            let members: [(String, JSON)] = [
                ("shape", .string(shape)), ("subscription", .string(subscription)), ("kept", .bool(isKept)),
            ]
            return .object(JSONObject(members + page.members))
        }
    }

    package struct Result: WireValue {
        /// In the order of the view.
        package let subscriptions: [ViewSubscription]

        package init(subscriptions: [ViewSubscription]) {
            self.subscriptions = subscriptions
        }

        package init(json: JSON) throws(WireError) {
            var reader = try MemberReader(json)
            subscriptions = try reader.required("subscriptions", Read.array(Read.value(ViewSubscription.self)))
        }

        package var json: JSON { ["subscriptions": .array(subscriptions.map(\.json))] }
    }
}
