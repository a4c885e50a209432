import GRDB
import ShapeEngine
import SyncModel
import TableStore

/// The mirror's rows as the shape engine reads them, inside one transaction.
struct MirrorSource: RowSource {
    let db: Database
    let schema: DatabaseSchema
    private let readers: Readers

    init(db: Database, schema: DatabaseSchema) {
        self.db = db
        self.schema = schema
        readers = Readers()
    }

    /// Of the tables that rows were read of by key.
    private final class Readers {
        var latest: TableReader?
        var all: [TableName: TableReader] = [:]
    }

    func row(_ key: RowKey, of table: TableName) throws -> SyncModel.Row? {
        try stored(key, of: table)?.row
    }

    func stored(_ key: RowKey, of table: TableName) throws -> StoredRow? {
        if let latest = readers.latest, latest.schema.name == table { return try latest.row(key) }
        if let known = readers.all[table] {
            readers.latest = known
            return try known.row(key)
        }
        guard let schema = schema[table] else { return nil }
        let reader = try MirrorFile.rows.reader(of: schema, in: db)
        readers.all[table] = reader
        readers.latest = reader
        return try reader.row(key)
    }

    func rows(
        of table: TableName, where columns: [Int], equal values: [Value]
    ) throws -> [(key: RowKey, row: SyncModel.Row)] {
        guard let table = schema[table] else { return [] }
        return try MirrorFile.rows.rows(of: table, where: columns, equal: values, in: db).map { ($0.key, $0.row) }
    }

    func forEach(of table: TableName, _ body: (RowKey, SyncModel.Row) throws -> Void) throws {
        guard let table = schema[table] else { return }
        try MirrorFile.rows.forEach(table, in: db) { try body($0.key, $0.row) }
    }

    func rows(of table: TableName, _ read: OrderedRead) throws -> [(key: RowKey, row: SyncModel.Row)] {
        guard let table = schema[table] else { return [] }
        return try MirrorFile.rows.rows(of: table, read, in: db).map { ($0.key, $0.row) }
    }

    func count(of table: TableName, where columns: [Int], equal values: [Value], upTo limit: Int) throws -> Int {
        guard let table = schema[table] else { return 0 }
        return try MirrorFile.rows.count(of: table, where: columns, equal: values, upTo: limit, in: db)
    }

    func clock(_ key: RowKey, of table: TableName) throws -> RowClock? {
        try stored(key, of: table).map(MirrorSource.clock)
    }

    static func clock(_ stored: StoredRow) -> RowClock {
        RowClock(version: stored.extras[0], clock: HybridTimestamp(microseconds: stored.extras[1]))
    }
}
