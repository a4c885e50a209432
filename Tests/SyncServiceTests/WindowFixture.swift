import GRDB
import ShapeEngine
import Shapes
import SyncModel
import TableStore

@testable import SyncService

/// Shapes with windows, kept live over rows in a real store as the mirror keeps them.
struct WindowFixture {
    static let lists = TableName(name: "lists")
    static let shelves = TableName(name: "shelves")
    static let items = TableName(name: "items")
    static let entries = TableName(name: "entries")

    /// Items are in one list by their column, and on any number of shelves by `entries`.
    static let schema = DatabaseSchema(tables: [
        group(lists), group(shelves),
        TableSchema(
            name: items,
            columns: [
                Column("id", number: 1, type: ColumnType("int4"), isNotNull: true),
                Column("list_id", number: 2, type: ColumnType("int4")),
                Column("price", number: 3, type: ColumnType("numeric")),
                Column("name", number: 4, type: ColumnType("text")),
            ],
            primaryKey: ["id"],
            foreignKeys: [ForeignKey("l", columns: ["list_id"], references: lists, referencedColumns: ["id"])]),
        TableSchema(
            name: entries,
            columns: [
                Column("shelf_id", number: 1, type: ColumnType("int4"), isNotNull: true),
                Column("item_id", number: 2, type: ColumnType("int4"), isNotNull: true),
            ],
            primaryKey: ["shelf_id", "item_id"],
            foreignKeys: [
                ForeignKey("a", columns: ["shelf_id"], references: shelves, referencedColumns: ["id"]),
                ForeignKey("b", columns: ["item_id"], references: items, referencedColumns: ["id"]),
            ]),
    ])

    private static func group(_ name: TableName) -> TableSchema {
        TableSchema(
            name: name,
            columns: [
                Column("id", number: 1, type: ColumnType("int4"), isNotNull: true),
                Column("is_open", number: 2, type: ColumnType("bool")),
            ],
            primaryKey: ["id"])
    }

    private let database: DatabaseQueue
    private(set) var live = LiveShapes(schema: schema, now: 0)
    /// What a reader of each shape has.
    private(set) var replicas: [[TableName: [RowKey: SyncModel.Row]]] = []

    init() throws {
        var configuration = Configuration()
        configuration.prepareDatabase { TableStore.prepareOrderedReads($0) }
        database = try DatabaseQueue(configuration: configuration)
        try database.write { db in
            for table in Self.schema.tables { try MirrorFile.rows.create(table, in: db) }
        }
    }

    static func key(_ ids: Int...) -> RowKey { RowKey(values: ids.map { Value(String($0)) }) }

    /// Rows that no shape has seen yet, numbered from 1: `values` are SQL for the columns, of `i`.
    func fill(_ table: TableName, _ count: Int, key: String, values: String) throws {
        try database.write { db in
            try db.execute(
                sql: """
                    INSERT INTO "\(MirrorFile.rows.tableName(table))"
                    WITH RECURSIVE number(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM number WHERE i < \(count))
                    SELECT \(key), \(values), 0, 0 FROM number
                    """)
        }
    }

    mutating func add(_ definition: ShapeDefinition) throws {
        let shape = try Shape(resolving: definition, in: Self.schema)
        var live = live
        let replica = try database.write { db in
            try Mirror.createIndexes(for: shape, Self.schema, db)
            let source = MirrorSource(db: db, schema: Self.schema)
            try live.add(Int64(replicas.count), shape, source: source)
            return try content(shape, source, live.view)
        }
        self.live = live
        replicas.append(replica)
    }

    private func content(
        _ shape: Shape, _ source: MirrorSource, _ view: EngineView
    ) throws -> [TableName: [RowKey: SyncModel.Row]] {
        var content: [TableName: [RowKey: SyncModel.Row]] = [:]
        try ShapeMaintenance.snapshot(
            of: shape, roots: { visit in try source.forEach(of: shape.nodes[0].table, visit) }, source: source,
            view: view
        ) { table, key, row in content[table, default: [:]][key] = row }
        return content
    }

    func row(_ key: RowKey, of table: TableName) throws -> SyncModel.Row? {
        try database.read { db in try MirrorSource(db: db, schema: Self.schema).row(key, of: table) }
    }

    /// Takes one transaction through, and gives what it cost.
    @discardableResult mutating func commit(_ edits: [(table: TableName, key: RowKey, row: SyncModel.Row?)]) throws
        -> ShapeWork
    {
        var live = live
        let step = try database.write { db in
            let before = MirrorSource(db: db, schema: Self.schema)
            let changes = try edits.compactMap { edit -> RowChange? in
                let old = try before.row(edit.key, of: edit.table)
                guard old != edit.row else { return nil }
                return RowChange(table: edit.table, key: edit.key, old: old, new: edit.row)
            }
            let after = DeltaSource(base: before, changes: changes)
            let step = try live.step(changes, time: 0, before: before, after: after)
            for change in changes {
                guard let table = Self.schema[change.table] else { continue }
                guard let row = change.new else {
                    try MirrorFile.rows.delete(change.key, of: table, in: db)
                    continue
                }
                try MirrorFile.rows.upsert(StoredRow(key: change.key, row: row, extras: [0, 0]), of: table, in: db)
            }
            return step
        }
        live.commit(step)
        self.live = live
        for (id, found) in step.touched {
            for change in found.changes { replicas[Int(id)][change.table, default: [:]][change.key] = change.new }
        }
        return step.work
    }
}
