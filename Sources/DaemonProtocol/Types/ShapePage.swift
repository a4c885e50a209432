import JSONText

/// Some rows of a shape, as of one place in the order of its changes.
package struct ShapePage: WireValue {
    package let status: ShapeStatus
    /// Changes after it come as `shape/changed`.
    package let sequence: Int64
    package let rows: [ViewRow]
    /// A cursor for `shape/read`; nil: these were the last rows.
    package let next: String?
    /// False: rows of a first sync that is not whole yet.
    package let isComplete: Bool
    /// Rows that are left out because the condition fails for them; nil: none.
    package let failures: FailedRows?

    package init(
        status: ShapeStatus, sequence: Int64, rows: [ViewRow], next: String? = nil, isComplete: Bool = true,
        failures: FailedRows? = nil
    ) {
        self.status = status
        self.sequence = sequence
        self.rows = rows
        self.next = next
        self.isComplete = isComplete
        self.failures = failures
    }

    package init(json: JSON) throws(WireError) {
        var reader = try MemberReader(json)
        try self.init(&reader)
    }

    init(_ reader: inout MemberReader) throws(WireError) {
        status = try reader.required("status", Read.label(ShapeStatus.self))
        sequence = try reader.required("sequence", Read.int)
        rows = try reader.required("rows", Read.array(Read.value(ViewRow.self)))
        next = try reader.optional("next", Read.string)
        isComplete = try reader.optional("complete", Read.bool) ?? true
        failures = try reader.optional("failures", Read.value(FailedRows.self))
    }

    package var json: JSON { .object(JSONObject(members)) }

    var members: [(String, JSON)] {
        var members: [(String, JSON)] = [
            ("status", .string(status.rawValue)), ("sequence", .int(sequence)),
            ("rows", .array(rows.map(\.json))),
        ]
        if let next { members.append(("next", .string(next))) }
        if !isComplete { members.append(("complete", false)) }
        if let failures { members.append(("failures", failures.json)) }
        return members
    }
}
