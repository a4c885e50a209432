import Postgres
import ShapeEngine
import SyncModel

/// The tables' rows as PostgreSQL gave them, looked up by scanning: the engine's view.
struct EngineRows: RowSource {
    private(set) var tables: [TableName: [RowKey: Row]] = [:]
    /// What tells rows apart whatever their keys become.
    private var numbers: [TableName: [RowKey: String]] = [:]

    mutating func add(_ row: Row, number: String, of table: TableSchema) {
        let key = row.key(in: table)
        tables[table.name, default: [:]][key] = row
        numbers[table.name, default: [:]][key] = number
    }

    func row(_ key: RowKey, of table: TableName) -> Row? { tables[table]?[key] }

    func rows(of table: TableName, where columns: [Int], equal values: [Value]) -> [(key: RowKey, row: Row)] {
        // In no order: the engine's answer must not depend on it.
        (tables[table] ?? [:]).filter { entry in zip(columns, values).allSatisfy { entry.value[$0] == $1 } }
            .map { (key: $0.key, row: $0.value) }
    }

    func forEach(of table: TableName, _ body: (RowKey, Row) throws -> Void) throws {
        for (key, row) in tables[table] ?? [:] { try body(key, row) }
    }

    func sorted(_ table: TableName) -> [(key: RowKey, row: Row)] {
        (tables[table] ?? [:]).sorted { $0.key < $1.key }.map { (key: $0.key, row: $0.value) }
    }

    /// What turns this into `other`: the net effect of one transaction.
    func changes(to other: EngineRows, in schema: DatabaseSchema) -> [RowChange] {
        var changes: [RowChange] = []
        for table in schema.tables.map(\.name) {
            let old = tables[table] ?? [:]
            let new = other.tables[table] ?? [:]
            let was = Self.keys(by: numbers[table])
            let isNow = Self.keys(by: other.numbers[table])
            for key in Set(old.keys).union(new.keys).sorted() where old[key] != new[key] {
                let leaving = numbers[table]?[key].flatMap { isNow[$0] }
                let coming = other.numbers[table]?[key].flatMap { was[$0] }
                changes.append(
                    RowChange(
                        table: table, key: key, old: old[key], new: new[key],
                        clock: RowClock(version: 1, clock: HybridTimestamp(microseconds: 1)),
                        movedTo: leaving == key ? nil : leaving, movedFrom: coming == key ? nil : coming))
            }
        }
        return changes
    }

    private static func keys(by numbers: [RowKey: String]?) -> [String: RowKey] {
        var keys: [String: RowKey] = [:]
        for (key, number) in numbers ?? [:] { keys[number] = key }
        return keys
    }
}
