import JSONText
import SyncModel

/// Queues a parked operation again, with its group and with what was parked because of it.
package enum RetryOperation: RequestMethod {
    package static let method = "operation/retry"

    package struct Params: WireValue {
        package let id: OperationID

        package init(id: OperationID) {
            self.id = id
        }

        package init(json: JSON) throws(WireError) {
            var reader = try MemberReader(json)
            id = OperationID(try reader.required("id", Read.string))
            try reader.finish()
        }

        package var json: JSON { ["id": .string(id.description)] }
    }

    package struct Result: WireValue {
        /// What is queued again, in queue order.
        package let operations: [OperationSummary]

        package init(operations: [OperationSummary]) {
            self.operations = operations
        }

        package init(json: JSON) throws(WireError) {
            var reader = try MemberReader(json)
            operations = try reader.required("operations", Read.array(Read.value(OperationSummary.self)))
        }

        package var json: JSON { ["operations": .array(operations.map(\.json))] }
    }
}
