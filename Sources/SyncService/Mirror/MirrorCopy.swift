import GRDB
import Postgres
import ShapeEngine
import SyncModel
import SyncProtocol
import TableStore

/// Copies the published tables into the mirror, in one SQLite transaction, from one exported snapshot.
///
/// Streaming begins at the snapshot's consistent point: no gap, no overlap. Old shapes end with the old rows;
/// their handles are unknown from then on, so that readers start anew.
struct MirrorCopy {
    let connection: PostgresConnection
    let catalogue: DatabaseSchema
    let epoch: Epoch
    let consistentPoint: LSN
    /// Called with the table and how many of its rows are copied, every 10 000 rows and at its end.
    let progress: (TableName, Int) -> Void

    /// `connection` MUST be inside a transaction that uses the exported snapshot.
    func run(into mirror: Mirror) throws {
        let snapshot = try connection.query("SELECT pg_current_snapshot()").value ?? ""
        let time = try connection.query("SELECT (extract(epoch FROM now()) * 1000000)::int8").value
        guard let seen = SeenTransactions(snapshot) else {
            throw PostgresError(.protocolViolation, "PostgreSQL's snapshot `\(snapshot)` cannot be read")
        }
        let before = mirror.state
        let position = Self.position(
            after: before.position, epoch: epoch, consistentPoint: consistentPoint, seen: seen,
            time: time.flatMap { Int64($0) } ?? 0)
        try mirror.pool.write { db in
            try Self.clear(before.catalogue, in: db)
            for table in catalogue.tables { try copy(table, in: db) }
            try position.replace(catalogue: String(decoding: catalogue.json, as: UTF8.self), in: db)
            try copyConfirmations(at: position.position, in: db)
            try mirror.enlivenAll(ShapeRegistry(), catalogue, position, db)
            mirror.change { memory in
                memory = Mirror.Memory()
                memory.catalogue = catalogue
                memory.position = position
                memory.frontier = position.position
            }
        }
        mirror.signal.wakeAll()
    }

    /// What was confirmed before the snapshot does not come through the stream.
    private func copyConfirmations(at tx: UInt64, in db: Database) throws {
        try db.execute(sql: "DELETE FROM confirmation")
        for row in try connection.query("SELECT id, last_seq FROM satchel.replica WHERE last_seq > 0").rows {
            try db.execute(
                sql: "INSERT INTO confirmation VALUES (?, ?, ?)",
                arguments: [row[0] ?? "", Int64(tx), row[1].flatMap { Int64($0) } ?? 0])
        }
    }

    /// Offsets never go back, nor does time (microseconds since 1970): where the new history's LSNs are smaller,
    /// they are shifted past the old ones.
    static func position(
        after before: MirrorPosition?, epoch: Epoch, consistentPoint: LSN, seen: SeenTransactions,
        time: Int64
    ) -> MirrorPosition {
        var shift = before?.shift ?? 0
        let reached = before?.position ?? 0
        let point = consistentPoint.rawValue
        if point + shift < reached { shift = reached - point }
        return MirrorPosition(
            epoch: epoch, position: point > 0 ? point + shift - 1 : 0, resume: consistentPoint, shift: shift,
            seen: seen, committedAt: max(time, before?.committedAt ?? 0))
    }

    static func clear(_ old: DatabaseSchema?, in db: Database) throws {
        for table in old?.tables ?? [] { try MirrorFile.rows.drop(table.name, in: db) }
        for table in ["shape", "ended", "chunk", "change", "entry"] { try db.execute(sql: "DELETE FROM \(table)") }
    }

    private func copy(_ table: TableSchema, in db: Database) throws {
        try MirrorFile.rows.create(table, in: db)
        var parser = CopyRowParser(columnCount: table.columns.count + 2)
        var count = 0
        try connection.copyOut(try query(table)) { line in
            var values = try parser.values(line)
            let clock = values.removeLast().text.flatMap { Int64($0.string) } ?? 0
            let version = values.removeLast().text.flatMap { Int64($0.string) } ?? 0
            let row = SyncModel.Row(values)
            try MirrorFile.rows.upsert(
                StoredRow(key: row.key(in: table), row: row, extras: [version, clock]), of: table, in: db)
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
