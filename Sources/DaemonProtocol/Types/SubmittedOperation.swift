import JSONText
import SyncModel

/// An operation as a client submits it. Whether it fits the schema is the daemon's to say.
package struct SubmittedOperation: WireValue {
    /// nil: the daemon chooses one.
    package let id: OperationID?
    package let table: TableName
    package let action: Operation.Action
    package let key: KeyValues
    package let set: ColumnValues

    package init(
        id: OperationID? = nil, table: TableName, action: Operation.Action, key: KeyValues,
        set: ColumnValues = ColumnValues([])
    ) {
        self.id = id
        self.table = table
        self.action = action
        self.key = key
        self.set = set
    }

    package init(json: JSON) throws(WireError) {
        var reader = try MemberReader(json)
        id = try reader.optional("id", Read.string(max: Limits.operationID)).map(OperationID.init)
        table = try reader.required("table", Read.table)
        action = try reader.required("op", Read.action)
        key = try reader.required("key", Read.value(KeyValues.self))
        set = try reader.optional("set", Read.value(ColumnValues.self)) ?? ColumnValues([])
        try reader.finish()
        guard id?.description.isEmpty != true else {
            throw WireError(path: "id", problem: "must not be empty")
        }
    }

    package var json: JSON {
        var object: JSONObject = [:]
        object["id"] = id.map { .string($0.description) }
        object["table"] = .string(table.description)
        object["op"] = .string(action.rawValue)
        object["key"] = key.json
        if !set.fields.isEmpty { object["set"] = set.json }
        return .object(object)
    }
}
