import GRDB
import SyncModel

/// The durable queue: one SQL row for each operation, confirmed ones until they are pruned.
///
/// `is_applied` marks those whose effect is in the overlay. Statements are cached by the connection.
enum OperationTable {
    private static let columns = """
        position, id, seq, state, table_name, action, body, at, base, group_id, verdict, lost, reason_code,
        reason_message, attempts, submitted_at, is_applied
        """

    static func insert(
        _ operation: Operation, key: RowKey, submittedAt: Int64, in db: Database
    ) throws {
        try db.cachedStatement(
            sql: """
                INSERT INTO operation
                    (id, state, is_applied, table_name, row_key, action, body, at, base, group_id, attempts, submitted_at)
                VALUES (?, 'queued', 1, ?, ?, ?, ?, ?, ?, ?, 0, ?)
                """
        ).execute(arguments: [
            operation.id.description, operation.table.description, key.text.string, operation.action.rawValue,
            StoredText.body(of: operation), operation.at.microseconds, operation.base, operation.group, submittedAt,
        ])
    }

    /// Of the operation that was accepted last, in microseconds: the clock only ever goes forward.
    static func lastClock(in db: Database) throws -> Int64? {
        try Int64.fetchOne(db, sql: "SELECT at FROM operation ORDER BY position DESC LIMIT 1")
    }

    static func record(_ id: OperationID, in db: Database) throws -> OperationRecord? {
        try fetch("WHERE id = ?", [id.description], in: db).first
    }

    /// Those whose effect is in the overlay, in queue order.
    static func applied(to address: RowAddress, in db: Database) throws -> [OperationRecord] {
        try fetch(
            "WHERE table_name = ? AND row_key = ? AND is_applied = 1 ORDER BY position",
            [address.table.description, address.key.text.string], in: db)
    }

    /// Those on a row that are not confirmed, in queue order.
    static func unconfirmed(on address: RowAddress, limit: Int, in db: Database) throws -> [OperationRecord] {
        try fetch(
            "WHERE table_name = ? AND row_key = ? AND state <> ? ORDER BY position LIMIT ?",
            [
                address.table.description, address.key.text.string, OperationState.confirmed.rawValue, limit,
            ], in: db)
    }

    /// In queue order.
    static func records(
        in state: OperationState, after position: Int64 = 0, limit: Int = .max, _ db: Database
    ) throws -> [OperationRecord] {
        try fetch(
            "WHERE state = ? AND position > ? ORDER BY position LIMIT ?", [state.rawValue, position, limit], in: db)
    }

    /// Those whose outcome is unknown, in seq order.
    static func sending(in db: Database) throws -> [OperationRecord] {
        try fetch("WHERE state = 'sending' ORDER BY seq", [], in: db)
    }

    static func firstSending(in db: Database) throws -> Int64? {
        try Int64.fetchOne(db, sql: "SELECT min(seq) FROM operation WHERE state = 'sending'")
    }

    /// Those with a seq beyond this one, in seq order.
    static func records(after seq: Int64, in db: Database) throws -> [OperationRecord] {
        try fetch("WHERE seq > ? ORDER BY seq", [seq], in: db)
    }

    /// Those that were sent and are not confirmed, with a seq in the range, in seq order.
    static func unconfirmed(seqs: ClosedRange<Int64>, in db: Database) throws -> [OperationRecord] {
        try fetch(
            "WHERE seq >= ? AND seq <= ? AND state IN ('sending', 'acknowledged') ORDER BY seq",
            [seqs.lowerBound, seqs.upperBound], in: db)
    }

    static func records(
        states: [OperationState], after position: Int64, limit: Int, in db: Database
    ) throws -> [OperationRecord] {
        let list = states.map { "'\($0.rawValue)'" }.joined(separator: ", ")
        return try fetch(
            "WHERE state IN (\(list)) AND position > ? ORDER BY position LIMIT ?", [position, limit], in: db)
    }

    static func records(group: String, in db: Database) throws -> [OperationRecord] {
        try fetch("WHERE group_id = ? AND state <> 'confirmed' ORDER BY position", [group], in: db)
    }

    /// Stores what changed of a record: SQLite writes every index over a column that a statement names, whether its
    /// value is another one or not.
    ///
    /// - Parameter confirmedAt: of one that becomes confirmed, or ceases to be: nil.
    static func update(
        _ old: OperationRecord, to new: OperationRecord, confirmedAt: Int64?, in db: Database
    ) throws {
        var columns: [String] = []
        var arguments = StatementArguments()
        func set(_ column: String, _ value: (any DatabaseValueConvertible)?) {
            columns.append("\(column) = ?")
            arguments += [value]
        }
        if old.seq != new.seq { set("seq", new.seq) }
        if old.state != new.state { set("state", new.state.rawValue) }
        if old.isApplied != new.isApplied { set("is_applied", new.isApplied) }
        if old.verdict != new.verdict { set("verdict", new.verdict?.rawValue) }
        if old.lost != new.lost { set("lost", StoredText.lost(new.lost)) }
        if old.reason != new.reason {
            set("reason_code", new.reason?.code)
            set("reason_message", new.reason?.message)
        }
        if old.attempts != new.attempts { set("attempts", new.attempts) }
        if old.state == .confirmed || new.state == .confirmed { set("confirmed_at", confirmedAt) }
        if columns.isEmpty { return }
        arguments += [new.position]
        try db.cachedStatement(
            sql: "UPDATE operation SET \(columns.joined(separator: ", ")) WHERE position = ?"
        ).execute(arguments: arguments)
    }

    static func delete(_ record: OperationRecord, in db: Database) throws {
        try db.execute(sql: "DELETE FROM operation WHERE position = ?", arguments: [record.position])
    }

    /// Returns how many went.
    static func prune(confirmedBefore time: Int64, in db: Database) throws -> Int {
        try db.execute(
            sql: "DELETE FROM operation WHERE confirmed_at < ? AND state = 'confirmed'", arguments: [time])
        return db.changesCount
    }

    /// The rows that operations in the overlay touch, sorted.
    static func hasAppliedParked(in db: Database) throws -> Bool {
        try Bool.fetchOne(
            db.cachedStatement(
                sql: "SELECT EXISTS (SELECT 1 FROM operation WHERE state = 'parked' AND is_applied = 1)")) ?? false
    }

    static func appliedAddresses(in db: Database) throws -> [RowAddress] {
        try GRDB.Row.fetchAll(
            db,
            sql: "SELECT DISTINCT table_name, row_key FROM operation WHERE is_applied = 1 ORDER BY table_name, row_key"
        ).map { RowAddress(table: TableName($0[0] as String), key: RowKey(text: Text($0[1] as String))) }
    }

    static func unconfirmedAddresses(in db: Database) throws -> [RowAddress] {
        try GRDB.Row.fetchAll(
            db,
            sql: """
                SELECT DISTINCT table_name, row_key FROM operation WHERE state <> ? ORDER BY table_name, row_key
                """, arguments: [OperationState.confirmed.rawValue]
        ).map { RowAddress(table: TableName($0[0] as String), key: RowKey(text: Text($0[1] as String))) }
    }

    static func counts(in db: Database) throws -> [OperationState: Int] {
        var counts: [OperationState: Int] = [:]
        for row in try GRDB.Row.fetchAll(db, sql: "SELECT state, count(*) FROM operation GROUP BY state") {
            if let state = OperationState(rawValue: row[0]) { counts[state] = row[1] }
        }
        return counts
    }

    static func conflicts(in db: Database) throws -> Int {
        try Int.fetchOne(
            db, sql: "SELECT count(*) FROM operation WHERE state = 'parked' AND verdict = 'conflict'") ?? 0
    }

    static func merged(in db: Database) throws -> Int {
        try Int.fetchOne(db, sql: "SELECT count(*) FROM operation WHERE verdict = 'merged'") ?? 0
    }

    private static func fetch(
        _ condition: String, _ arguments: StatementArguments, in db: Database
    ) throws -> [OperationRecord] {
        let statement = try db.cachedStatement(sql: "SELECT \(columns) FROM operation \(condition)")
        // One row after the other, where SQLite has it: `fetchAll` copies every value before it is read.
        let rows = try GRDB.Row.fetchCursor(statement, arguments: arguments)
        var records: [OperationRecord] = []
        while let row = try rows.next() { records.append(try read(row)) }
        return records
    }

    private static func read(_ row: GRDB.Row) throws -> OperationRecord {
        let (key, set) = try StoredText.readBody(row[6])
        guard let action = Operation.Action(rawValue: row[5]), let state = OperationState(rawValue: row[3]) else {
            throw ReplicaError(.corrupt, "The queue holds an operation that cannot be read: \(row[1] as String)")
        }
        let operation = Operation(
            id: OperationID(row[1]), table: TableName(row[4] as String), action: action, key: key, set: set,
            at: HybridTimestamp(microseconds: row[7]), base: row[8], group: row[9])
        let code: String? = row[12]
        return OperationRecord(
            position: row[0], operation: operation, seq: row[2], state: state, isApplied: row[16],
            verdict: (row[10] as String?).flatMap(Verdict.Outcome.init(rawValue:)),
            lost: try StoredText.readLost(row[11]),
            reason: code.map { Reason(code: $0, message: row[13] ?? "") }, attempts: row[14], submittedAt: row[15])
    }
}
