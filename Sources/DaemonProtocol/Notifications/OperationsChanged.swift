import JSONText
import SyncModel

/// Operations changed their state, or were cancelled.
package enum OperationsChanged: NotificationMethod {
    package static let method = "operation/changed"

    package struct Params: WireValue {
        package let operations: [OperationSummary]
        /// Those that are out of the queue for good, because somebody cancelled them.
        package let cancelled: [OperationID]

        package init(operations: [OperationSummary], cancelled: [OperationID] = []) {
            self.operations = operations
            self.cancelled = cancelled
        }

        package init(json: JSON) throws(WireError) {
            var reader = try MemberReader(json)
            operations = try reader.required("operations", Read.array(Read.value(OperationSummary.self)))
            cancelled = try (reader.optional("cancelled", Read.array(Read.string)) ?? []).map { OperationID($0) }
        }

        package var json: JSON {
            var object: JSONObject = ["operations": .array(operations.map(\.json))]
            if !cancelled.isEmpty { object["cancelled"] = .array(cancelled.map { .string($0.description) }) }
            return .object(object)
        }
    }
}
