import JSONText
import SyncModel

/// Where an operation is on its way. Confirmed ones are listed for 24 hours.
package enum OperationState: String, Hashable, Sendable, CaseIterable {
    case queued, held, sending, acknowledged, confirmed, parked
}

/// One operation of the queue, in a list.
package struct OperationSummary: WireValue {
    package let id: OperationID
    /// nil until it is sent for the first time.
    package let seq: Int64?
    package let state: OperationState
    package let verdict: Verdict.Outcome?
    package let table: TableName
    package let action: Operation.Action
    package let key: KeyValues
    /// The columns that it sets.
    package let columns: [String]
    package let group: String?
    /// Microseconds since 1970.
    package let submittedAt: Int64
    /// How often it was sent.
    package let attempts: Int64
    /// Why it was refused or lost, where that is known.
    package let reason: Reason?
    /// Where something lost to another write: the columns, or none where the whole operation did.
    package let lostColumns: [String]?

    package init(
        id: OperationID, seq: Int64?, state: OperationState, verdict: Verdict.Outcome?, table: TableName,
        action: Operation.Action, key: KeyValues, columns: [String], group: String?, submittedAt: Int64,
        attempts: Int64, reason: Reason? = nil, lostColumns: [String]? = nil
    ) {
        self.id = id
        self.seq = seq
        self.state = state
        self.verdict = verdict
        self.table = table
        self.action = action
        self.key = key
        self.columns = columns
        self.group = group
        self.submittedAt = submittedAt
        self.attempts = attempts
        self.reason = reason
        self.lostColumns = lostColumns
    }

    package init(json: JSON) throws(WireError) {
        var reader = try MemberReader(json)
        self = try OperationSummary(&reader)
    }

    init(_ reader: inout MemberReader) throws(WireError) {
        id = OperationID(try reader.required("id", Read.string))
        seq = try reader.optional("seq", Read.int)
        state = try reader.required("state", Read.label(OperationState.self))
        verdict = try reader.optional("verdict", Read.outcome)
        table = try reader.required("table", Read.table)
        action = try reader.required("op", Read.action)
        key = try reader.required("key", Read.value(KeyValues.self))
        columns = try reader.required("columns", Read.array(Read.string))
        group = try reader.optional("group", Read.string)
        submittedAt = try reader.required("submittedAt", Read.int)
        attempts = try reader.required("attempts", Read.int)
        reason = try reader.optional("reason", Read.value(Reason.self))
        lostColumns = try reader.optional("lostColumns", Read.array(Read.string))
    }

    package var json: JSON { .object(members) }

    var members: JSONObject {
        var object: JSONObject = ["id": .string(id.description)]
        object["seq"] = seq.map(JSON.int)
        object["state"] = .string(state.rawValue)
        object["verdict"] = verdict.map { .string($0.rawValue) }
        object["table"] = .string(table.description)
        object["op"] = .string(action.rawValue)
        object["key"] = key.json
        object["columns"] = .array(columns.map(JSON.string))
        object["group"] = group.map(JSON.string)
        object["submittedAt"] = .int(submittedAt)
        object["attempts"] = .int(attempts)
        object["reason"] = reason?.json
        object["lostColumns"] = lostColumns.map { .array($0.map(JSON.string)) }
        return object
    }
}
