import ShapeEngine
import Shapes
import SyncModel

/// Tables in memory, looked up by scanning.
struct MemorySource: RowSource, Equatable {
    var tables: [TableName: [RowKey: Row]] = [:]

    func row(_ key: RowKey, of table: TableName) -> Row? { tables[table]?[key] }

    func rows(of table: TableName, where columns: [Int], equal values: [Value]) -> [(key: RowKey, row: Row)] {
        // In no order: the engine's answer must not depend on it.
        (tables[table] ?? [:]).filter { entry in zip(columns, values).allSatisfy { entry.value[$0] == $1 } }
            .map { (key: $0.key, row: $0.value) }
    }

    func sorted(_ table: TableName) -> [(key: RowKey, row: Row)] {
        (tables[table] ?? [:]).sorted { $0.key < $1.key }.map { (key: $0.key, row: $0.value) }
    }

    /// What turns this into `other`. `moves`: old key to new key.
    func changes(to other: MemorySource, moves: [Move] = []) -> [RowChange] {
        var changes: [RowChange] = []
        for table in Set(tables.keys).union(other.tables.keys).sorted() {
            let keys = Set((tables[table] ?? [:]).keys).union((other.tables[table] ?? [:]).keys)
            for key in keys.sorted() {
                let old = row(key, of: table)
                let new = other.row(key, of: table)
                guard old != new else { continue }
                changes.append(
                    RowChange(
                        table: table, key: key, old: old, new: new,
                        clock: RowClock(version: 1, clock: HybridTimestamp(microseconds: 1)),
                        movedTo: moves.first { $0.table == table && $0.from == key }?.to,
                        movedFrom: moves.first { $0.table == table && $0.to == key }?.from))
            }
        }
        return changes
    }

    struct Move {
        let table: TableName
        let from: RowKey
        let to: RowKey
    }
}

/// The content of a shape from its definition alone: node by node, every row against every parent.
func content(of shape: Shape, _ source: MemorySource) -> (tables: [TableName: [RowKey: Row]], nodes: [Set<RowKey>]) {
    var members: [Set<RowKey>] = []
    var tables: [TableName: [RowKey: Row]] = [:]
    for node in shape.nodes {
        var found: Set<RowKey> = []
        for (key, row) in source.sorted(node.table) {
            guard node.predicate?.evaluate(row).isTrue ?? true else { continue }
            if let parent = node.parent, let link = node.link {
                let joins = members[parent].contains { parentKey in
                    guard let parentRow = source.row(parentKey, of: shape.nodes[parent].table) else { return false }
                    return zip(link.childColumns, link.parentColumns).allSatisfy {
                        row[$0] == parentRow[$1] && !row[$0].isNull
                    }
                }
                guard joins else { continue }
            }
            found.insert(key)
            tables[node.table, default: [:]][key] = row
        }
        members.append(found)
    }
    return (tables, members)
}
