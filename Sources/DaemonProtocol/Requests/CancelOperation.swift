import JSONText
import SyncModel

/// Takes an operation that is parked, or was not sent, out of the queue, with its group. Its effect leaves the view.
package enum CancelOperation: RequestMethod {
    package static let method = "operation/cancel"

    package struct Params: WireValue {
        package let id: OperationID
        /// What builds on it goes too; otherwise that makes the request fail, unless the operation has a verdict.
        package let withDependents: Bool

        package init(id: OperationID, withDependents: Bool = false) {
            self.id = id
            self.withDependents = withDependents
        }

        package init(json: JSON) throws(WireError) {
            var reader = try MemberReader(json)
            id = OperationID(try reader.required("id", Read.string))
            withDependents = try reader.optional("dependents", Read.bool) ?? false
            try reader.finish()
        }

        package var json: JSON { ["id": .string(id.description), "dependents": .bool(withDependents)] }
    }

    package struct Result: WireValue {
        /// What went, in queue order.
        package let operations: [OperationID]
        /// What builds on a refused one, and stays as it is.
        package let dependents: [OperationID]

        package init(operations: [OperationID], dependents: [OperationID] = []) {
            self.operations = operations
            self.dependents = dependents
        }

        package init(json: JSON) throws(WireError) {
            var reader = try MemberReader(json)
            operations = try reader.required("operations", Read.array(Read.string)).map { OperationID($0) }
            let staying = try reader.optional("dependents", Read.array(Read.string)) ?? []
            dependents = staying.map { OperationID($0) }
        }

        package var json: JSON {
            var members: JSONObject = ["operations": Self.list(operations)]
            if !dependents.isEmpty { members["dependents"] = Self.list(dependents) }
            return .object(members)
        }

        private static func list(_ ids: [OperationID]) -> JSON { .array(ids.map { .string($0.description) }) }
    }
}
