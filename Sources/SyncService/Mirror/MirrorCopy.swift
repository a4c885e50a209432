import GRDB
import Postgres
import SyncModel
import TableStore

/// Reads published tables beside the mirror's rows (`MirrorFile.staged`), from one exported snapshot.
///
/// The stream goes on from the snapshot's consistent point: no gap, no overlap.
struct MirrorCopy {
    let connection: PostgresConnection
    /// Called with the table and how many of its rows are copied, every 10 000 rows and at its end.
    let progress: (TableName, Int) -> Void

    /// `connection` MUST be inside a transaction that uses the exported snapshot.
    func stage(_ tables: [TableSchema], into mirror: Mirror) throws {
        for table in tables { try mirror.pool.write { db in try copy(table, in: db) } }
    }

    /// Which transactions the snapshot has, and its time in microseconds since 1970.
    func moment() throws -> (seen: SeenTransactions, time: Int64) {
        let snapshot = try connection.query("SELECT pg_current_snapshot()").value ?? ""
        let time = try connection.query("SELECT (extract(epoch FROM now()) * 1000000)::int8").value
        guard let seen = SeenTransactions(snapshot) else {
            throw PostgresError(.protocolViolation, "PostgreSQL's snapshot `\(snapshot)` cannot be read")
        }
        return (seen, time.flatMap { Int64($0) } ?? 0)
    }

    /// What was confirmed before the snapshot does not come through the stream.
    func confirmations() throws -> [MirrorAmendment.Confirmation] {
        try connection.query("SELECT id, last_seq FROM satchel.replica WHERE last_seq > 0").rows.map { row in
            MirrorAmendment.Confirmation(replica: row[0] ?? "", seq: row[1].flatMap { Int64($0) } ?? 0)
        }
    }

    /// How far the offsets of one timeline lie above those of the one before it, and at least twice as far as those of
    /// a new epoch above what is known to have been told: a service that was killed, or whose file was restored from
    /// a backup, may have told more.
    private static let epochMargin: UInt64 = 1 << 40

    /// The transaction that stands for all that lies between the mirror and a snapshot of all tables. Offsets never
    /// go back, nor does time: where the new history's LSNs are smaller, they are shifted past the old ones.
    ///
    /// - Parameter told: the greatest offset that this mirror knows to have told.
    static func position(
        after before: MirrorPosition?, told: UInt64, epoch: Epoch, consistentPoint: LSN, seen: SeenTransactions,
        time: Int64
    ) -> MirrorPosition {
        let point = consistentPoint.rawValue
        let shift = before.map { Self.shift(after: $0, told: told, epoch, point) } ?? 0
        var position = MirrorPosition(
            epoch: epoch, position: point > 0 ? point + shift - 1 : 0, resume: consistentPoint, shift: shift,
            seen: seen, committedAt: max(time, before?.committedAt ?? 0))
        guard let before else { return position }
        position.layout = before.layout
        position.gaps = before.gaps
        position.gaps.add(after: told, before: position.position)
        return position
    }

    /// In a new epoch it grows by whole margins, and for timelines that were missed too. So an older copy of the file
    /// comes to the shift that the newer one had come to: one offset does not stand for two states, of which a reader
    /// may hold the one and be brought on from the other.
    private static func shift(after before: MirrorPosition, told: UInt64, _ epoch: Epoch, _ point: UInt64) -> UInt64 {
        var shift = before.shift
        if before.epoch == epoch { return max(shift, told + 2 > point ? told + 2 - point : 0) }
        if before.epoch.systemIdentifier == epoch.systemIdentifier, before.epoch.timeline < epoch.timeline {
            shift += epochMargin * UInt64(min(epoch.timeline - before.epoch.timeline, maxTimelines))
        }
        let least = told + epochMargin / 2
        if point + shift < least {
            shift += (least - point - shift + epochMargin - 1) / epochMargin * epochMargin
        }
        return shift
    }

    /// At once; more would not leave room for LSNs.
    private static let maxTimelines = 1 << 16

    private func copy(_ table: TableSchema, in db: Database) throws {
        try MirrorFile.staged.drop(table.name, in: db)
        try MirrorFile.staged.create(table, isIndexed: false, in: db)
        let writer = try MirrorFile.staged.writer(of: table, in: db)
        var parser = CopyRowParser(columnCount: table.columns.count + 2)
        var count = 0
        try connection.copyOut(try query(table)) { line in
            var values = try parser.values(line)
            let clock = values.removeLast().text.flatMap { Int64($0.string) } ?? 0
            let version = values.removeLast().text.flatMap { Int64($0.string) } ?? 0
            let row = SyncModel.Row(values)
            try writer.upsert(row.key(in: table), row, extras: [version, clock])
            count += 1
            if count.isMultiple(of: 10_000) { progress(table.name, count) }
        }
        progress(table.name, count)
    }

    /// Rows with their bookkeeping, in an order near that of the keys, which SQLite takes fastest.
    private func query(_ table: TableSchema) throws -> String {
        let name = [table.name.schema, table.name.name].map(PostgresConnection.quoteIdentifier).joined(separator: ".")
        let columns = table.columns.map { "t.\(PostgresConnection.quoteIdentifier($0.name))" }.joined(separator: ", ")
        guard !table.primaryKey.isEmpty else {
            return "COPY (SELECT \(columns), 0, 0 FROM \(name) t) TO STDOUT"
        }
        let key = try connection.query("SELECT satchel.key_form('t', $1::regclass)", [name]).value ?? "NULL"
        let order = table.primaryKey.map { "t.\(PostgresConnection.quoteIdentifier($0))" }.joined(separator: ", ")
        let relation = PostgresConnection.quoteLiteral(table.name.description)
        return """
            COPY (SELECT \(columns), coalesce(c.version, 0), coalesce(c.clock, 0) FROM \(name) t
            LEFT JOIN satchel.clock c ON c.relation = \(relation) AND c.key = \(key) ORDER BY \(order)) TO STDOUT
            """
    }
}
