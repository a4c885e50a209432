import JSONText

/// What one source transaction, or one local operation, changed for all subscriptions of a connection.
package enum ShapeChanged: NotificationMethod {
    package static let method = "shape/changed"

    package struct Params: WireValue {
        package let sequence: Int64
        /// The place in the database's log that the rows reach with it; nil for what happened on the device alone.
        package let position: String?
        package let subscriptions: [Changes]

        package init(sequence: Int64, position: String? = nil, subscriptions: [Changes]) {
            self.sequence = sequence
            self.position = position
            self.subscriptions = subscriptions
        }

        package init(json: JSON) throws(WireError) {
            var reader = try MemberReader(json)
            sequence = try reader.required("sequence", Read.int)
            position = try reader.optional("position", Read.string)
            subscriptions = try reader.required("subscriptions", Read.array(Read.value(Changes.self)))
        }

        package var json: JSON {
            var object: JSONObject = ["sequence": .int(sequence)]
            object["position"] = position.map(JSON.string)
            object["subscriptions"] = .array(subscriptions.map(\.json))
            return .object(object)
        }
    }

    package struct Changes: WireValue {
        package let subscription: String
        package let status: ShapeStatus
        /// The rows that the client holds are void, and the changes (inserts) replace them.
        package let isReset: Bool
        /// False: rows of a first sync that is not whole yet, as they arrive.
        package let isComplete: Bool
        package let changes: [ViewChange]

        package init(
            subscription: String, status: ShapeStatus, isReset: Bool = false, isComplete: Bool = true,
            changes: [ViewChange]
        ) {
            self.subscription = subscription
            self.status = status
            self.isReset = isReset
            self.isComplete = isComplete
            self.changes = changes
        }

        package init(json: JSON) throws(WireError) {
            var reader = try MemberReader(json)
            subscription = try reader.required("subscription", Read.string)
            status = try reader.required("status", Read.label(ShapeStatus.self))
            isReset = try reader.optional("reset", Read.bool) ?? false
            isComplete = try reader.optional("complete", Read.bool) ?? true
            changes = try reader.required("changes", Read.array(Read.value(ViewChange.self)))
        }

        package var json: JSON {
            var object: JSONObject = [
                "subscription": .string(subscription), "status": .string(status.rawValue),
            ]
            if isReset { object["reset"] = true }
            if !isComplete { object["complete"] = false }
            object["changes"] = .array(changes.map(\.json))
            return .object(object)
        }
    }
}
