import JSONText
import SyncModel

/// Appends operations to the queue, all or none. The answer means: on disk.
package enum SubmitOperations: RequestMethod {
    package static let method = "operation/submit"

    package struct Params: WireValue {
        package let operations: [SubmittedOperation]
        /// One group, merged all or none.
        package let isAtomic: Bool
        /// Only says whether they would be accepted.
        package let isDryRun: Bool

        package init(operations: [SubmittedOperation], isAtomic: Bool = false, isDryRun: Bool = false) {
            self.operations = operations
            self.isAtomic = isAtomic
            self.isDryRun = isDryRun
        }

        package init(json: JSON) throws(WireError) {
            var reader = try MemberReader(json)
            operations = try reader.required(
                "operations", Read.array(max: Limits.submit, Read.value(SubmittedOperation.self)))
            isAtomic = try reader.optional("atomic", Read.bool) ?? false
            isDryRun = try reader.optional("dryRun", Read.bool) ?? false
            try reader.finish()
            guard !operations.isEmpty else {
                throw WireError(path: "operations", problem: "must not be empty")
            }
        }

        package var json: JSON {
            [
                "operations": .array(operations.map(\.json)), "atomic": .bool(isAtomic),
                "dryRun": .bool(isDryRun),
            ]
        }
    }

    package struct Accepted: WireValue {
        package let id: OperationID
        package let state: OperationState

        package init(id: OperationID, state: OperationState) {
            self.id = id
            self.state = state
        }

        package init(json: JSON) throws(WireError) {
            var reader = try MemberReader(json)
            id = OperationID(try reader.required("id", Read.string))
            state = try reader.required("state", Read.label(OperationState.self))
        }

        package var json: JSON { ["id": .string(id.description), "state": .string(state.rawValue)] }
    }

    package struct Result: WireValue {
        package let operations: [Accepted]
        /// The `shape/changed` that carries their effect has this sequence or a lower one.
        package let sequence: Int64
        /// Nothing was stored: the states are what they would be.
        package let isDryRun: Bool

        package init(operations: [Accepted], sequence: Int64, isDryRun: Bool = false) {
            self.operations = operations
            self.sequence = sequence
            self.isDryRun = isDryRun
        }

        package init(json: JSON) throws(WireError) {
            var reader = try MemberReader(json)
            operations = try reader.required("operations", Read.array(Read.value(Accepted.self)))
            sequence = try reader.required("sequence", Read.int)
            isDryRun = try reader.optional("dryRun", Read.bool) ?? false
        }

        package var json: JSON {
            var object: JSONObject = ["operations": .array(operations.map(\.json)), "sequence": .int(sequence)]
            if isDryRun { object["dryRun"] = true }
            return .object(object)
        }
    }
}
