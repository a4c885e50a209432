import Foundation
import GRDB
import ShapeEngine
import SyncModel

/// One entry of a shape's log, joined with the change that it points to.
struct LoggedChange: Sendable {
    let kind: ShapeMessage.Kind
    let offset: LogOffset
    let isLast: Bool
    /// The other half of a primary key update.
    let partner: RowKey?
    let xid: UInt32
    /// The table's name, as it is stored.
    private let relation: String
    let table: TableName
    let key: RowKey
    private(set) var old: SyncModel.Row?
    private(set) var new: SyncModel.Row?
    let clock: RowClock?

    /// What `init` reads, by place: names would be looked for in each row anew.
    fileprivate static let columns = """
        e.tx, e.op, e.kind, e.is_last, e.partner, c.xid, c.relation, c.key, c.old, c.new, c.version, c.clock
        """

    /// `before`: read from the same log; mostly it is of the same table.
    fileprivate init(_ row: GRDB.Row, before: LoggedChange?) throws {
        offset = LogOffset(tx: UInt64(row[0] as Int64), op: UInt64(row[1] as Int64))
        guard let kind = ShapeMessage.Kind(rawValue: row[2]) else {
            throw DatabaseError(message: "entry of unknown kind \(row[2] as String)")
        }
        self.kind = kind
        isLast = row[3]
        partner = (row[4] as String?).map { RowKey(text: Text($0)) }
        xid = UInt32(row[5] as Int64)
        relation = row[6]
        table = if let before, before.relation == relation { before.table } else { TableName(relation) }
        key = RowKey(text: Text(row[7] as String))
        (old, new) = try RowTexts(old: row[8], new: row[9]).rows()
        let version = row[10] as Int64?
        clock = version.map { RowClock(version: $0, clock: HybridTimestamp(microseconds: row[11] as Int64? ?? 0)) }
    }

    /// Columns that were added since have no value, which leaves them out of the message.
    func padded(to count: Int) -> LoggedChange {
        var change = self
        change.old = old.map { $0.padded(to: count) }
        change.new = new.map { $0.padded(to: count) }
        return change
    }
}

extension SyncModel.Row {
    fileprivate func padded(to count: Int) -> SyncModel.Row {
        if values.count >= count { return self }
        return SyncModel.Row(values + Array(repeating: .absent, count: count - values.count))
    }
}

/// Reading what the mirror's file says of shapes. Runs inside the caller's read transaction.
struct ShapeLogReader {
    let db: Database

    struct Chunk {
        let body: [UInt8]
        /// nil while the snapshot is still being written.
        let total: Int?
    }

    /// nil: not written yet, or beyond the last one.
    func chunk(_ number: Int, of shape: Int64) throws -> Chunk? {
        let body = try Data.fetchOne(
            db, Self.query("SELECT body FROM chunk WHERE shape = ? AND number = ?", [shape, number]))
        guard let body else { return nil }
        return Chunk(body: [UInt8](body), total: try chunkCount(of: shape))
    }

    func isKept(_ shape: Int64) throws -> Bool {
        try Bool.fetchOne(db, Self.query("SELECT EXISTS (SELECT 1 FROM shape WHERE id = ?)", [shape])) ?? false
    }

    /// How many chunks the snapshot has; nil while it is being written.
    func chunkCount(of shape: Int64) throws -> Int? {
        try Int.fetchOne(db, Self.query("SELECT chunks FROM shape WHERE id = ?", [shape]))
    }

    /// In the order of the log, one at a time: a transaction is told whole, however large it is.
    func forEachChange(
        of shape: Int64, after offset: LogOffset, through tx: UInt64, _ body: (LoggedChange) throws -> Void
    ) throws {
        let op = Int64(clamping: offset.op)
        let query = Self.query(
            """
            SELECT \(LoggedChange.columns) FROM entry e JOIN change c ON c.id = e.change
            WHERE e.shape = ? AND (e.tx, e.op) > (?, ?) AND e.tx <= ? ORDER BY e.tx, e.op
            """, [shape, Int64(offset.tx), op, Int64(tx)])
        let rows = try GRDB.Row.fetchCursor(db, query)
        var latest: LoggedChange?
        while let row = try rows.next() {
            let change = try LoggedChange(row, before: latest)
            latest = change
            try body(change)
        }
    }

    /// The greatest transaction such that at most about `limit` entries of this shape lie after `offset` up to it,
    /// whole transactions only; nil when all that there are fit.
    func cut(of shape: Int64, after offset: LogOffset, limit: Int) throws -> UInt64? {
        let op = Int64(clamping: offset.op)
        let query = Self.query(
            "SELECT tx FROM entry WHERE shape = ? AND (tx, op) > (?, ?) ORDER BY tx, op LIMIT 1 OFFSET ?",
            [shape, Int64(offset.tx), op, limit])
        return try Int64.fetchOne(db, query).map { UInt64($0) }
    }

    func lastOffset(of shape: Int64, through tx: UInt64 = UInt64(Int64.max)) throws -> LogOffset? {
        let query = Self.query(
            "SELECT tx, op FROM entry WHERE shape = ? AND tx <= ? ORDER BY tx DESC, op DESC LIMIT 1",
            [shape, Int64(tx)])
        return try GRDB.Row.fetchOne(db, query).map {
            LogOffset(tx: UInt64($0["tx"] as Int64), op: UInt64($0["op"] as Int64))
        }
    }

    /// The shape's log has changes of one of these tables after `tx`.
    func tells(of tables: [TableName], in shape: Int64, after tx: UInt64) throws -> Bool {
        let relations = try GRDB.Row.fetchCursor(
            db,
            sql: """
                SELECT DISTINCT c.relation FROM entry e JOIN change c ON c.id = e.change WHERE e.shape = ? AND e.tx > ?
                """, arguments: [shape, Int64(tx)])
        while let row = try relations.next() {
            if tables.contains(TableName(row["relation"] as String)) { return true }
        }
        return false
    }

    /// Operations of the replica up to this seq had come through at `tx`.
    func confirmedSeq(of replica: ReplicaID, at tx: UInt64) throws -> Int64 {
        let query = Self.query(
            "SELECT seq FROM confirmation WHERE replica = ? AND tx <= ? ORDER BY tx DESC LIMIT 1",
            [replica.description, Int64(tx)])
        return try Int64.fetchOne(db, query) ?? 0
    }

    /// Compiled once for each connection: every answer to every reader asks these, and compiling one takes longer than
    /// running it.
    static func query(_ sql: String, _ arguments: StatementArguments = []) -> SQLRequest<GRDB.Row> {
        SQLRequest(sql: sql, arguments: arguments, cached: true)
    }
}
