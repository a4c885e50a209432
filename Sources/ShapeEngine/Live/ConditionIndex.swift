import Shapes
import SyncModel

/// Things filed by conditions on rows: under the texts that a condition asks of one column, or, where it asks none,
/// under its table. A row gives all whose condition may be true of it.
struct ConditionIndex<ID: Hashable & Sendable>: Sendable {
    private struct Table {
        var byValue: [Int: [Text: Set<ID>]] = [:]
        var others: Set<ID> = []

        var isEmpty: Bool { byValue.isEmpty && others.isEmpty }
    }

    private var tables: [TableName: Table] = [:]

    /// Nothing is filed.
    var isEmpty: Bool { tables.isEmpty }

    mutating func add(_ id: ID, _ table: TableName, _ condition: Predicate?) {
        guard let list = condition?.narrowestList else {
            tables[table, default: Table()].others.insert(id)
            return
        }
        for value in list.values {
            tables[table, default: Table()].byValue[list.column, default: [:]][value, default: []].insert(id)
        }
    }

    mutating func remove(_ id: ID, _ table: TableName, _ condition: Predicate?) {
        defer { if tables[table]?.isEmpty == true { tables[table] = nil } }
        guard let list = condition?.narrowestList else {
            tables[table]?.others.remove(id)
            return
        }
        for value in list.values {
            tables[table]?.byValue[list.column]?[value]?.remove(id)
            if tables[table]?.byValue[list.column]?[value]?.isEmpty == true {
                tables[table]?.byValue[list.column]?[value] = nil
            }
        }
        if tables[table]?.byValue[list.column]?.isEmpty == true { tables[table]?.byValue[list.column] = nil }
    }

    /// Those whose condition may be true of the row before the change, or after.
    func ids(touchedBy change: RowChange) -> Set<ID> {
        guard let table = tables[change.table] else { return [] }
        var found = table.others
        for (column, byValue) in table.byValue {
            for row in [change.old, change.new] {
                guard let value = row?[column].text, let ids = byValue[value] else { continue }
                found.formUnion(ids)
            }
        }
        return found
    }
}
