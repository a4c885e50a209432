import JSONText
import SyncModel

/// One operation with everything that is known of it.
package struct OperationDetail: WireValue {
    package let summary: OperationSummary
    package let set: ColumnValues
    /// The confirmed version of the row that it was done on; 0 for none.
    package let base: Int64
    /// The operation's clock.
    package let at: HybridTimestamp
    /// What lost to another write.
    package let lost: [LostWrite]

    package init(
        summary: OperationSummary, set: ColumnValues, base: Int64, at: HybridTimestamp,
        lost: [LostWrite] = []
    ) {
        self.summary = summary
        self.set = set
        self.base = base
        self.at = at
        self.lost = lost
    }

    package init(json: JSON) throws(WireError) {
        var reader = try MemberReader(json)
        summary = try OperationSummary(&reader)
        set = try reader.required("set", Read.value(ColumnValues.self))
        base = try reader.required("base", Read.int)
        at = HybridTimestamp(microseconds: try reader.required("at", Read.int))
        lost = try reader.required("lost", Read.array(Read.value(LostWrite.self)))
    }

    package var json: JSON {
        var object = summary.members
        object["set"] = set.json
        object["base"] = .int(base)
        object["at"] = .int(at.microseconds)
        object["lost"] = .array(lost.map(\.json))
        return .object(object)
    }
}

extension LostWrite: WireValue {
    package init(json: JSON) throws(WireError) {
        var reader = try MemberReader(json)
        self.init(
            column: try reader.optional("column", Read.string),
            // An absent member and null are the same here: NULL.
            mine: try reader.optional("mine", ColumnValues.value) ?? .null,
            theirs: try reader.optional("theirs", ColumnValues.value) ?? .null,
            writer: ReplicaID(try reader.required("writer", Read.string)),
            writtenAt: HybridTimestamp(microseconds: try reader.required("writtenAt", Read.int)))
    }

    package var json: JSON {
        [
            "column": column.map(JSON.string) ?? .null, "mine": mine.json, "theirs": theirs.json,
            "writer": .string(writer.description), "writtenAt": .int(writtenAt.microseconds),
        ]
    }
}
