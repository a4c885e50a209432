import GRDB
import ShapeEngine
import SyncModel
import TableStore

/// The mirror's rows as the shape engine reads them, inside one transaction.
struct MirrorSource: RowSource {
    let db: Database
    let schema: DatabaseSchema

    func row(_ key: RowKey, of table: TableName) throws -> SyncModel.Row? {
        guard let table = schema[table] else { return nil }
        return try MirrorFile.rows.row(key, of: table, in: db)?.row
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
        guard let table = schema[table], let stored = try MirrorFile.rows.row(key, of: table, in: db) else {
            return nil
        }
        return MirrorSource.clock(stored)
    }

    static func clock(_ stored: StoredRow) -> RowClock {
        RowClock(version: stored.extras[0], clock: HybridTimestamp(microseconds: stored.extras[1]))
    }
}
