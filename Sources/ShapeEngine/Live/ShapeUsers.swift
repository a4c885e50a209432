import Shapes
import SyncModel

/// Which shapes have a sub-select at the top of a condition on rows of a table.
struct ShapeUsers: Sendable {
    private struct Users {
        var ids: Set<Int64> = []
        /// Those that may be true for fewer rows when the sub-select has more members.
        var notMonotone: Set<Int64> = []
    }

    private var users: [Subselect: [TableName: Users]] = [:]

    mutating func add(_ id: Int64, _ predicate: Predicate, of table: TableName) {
        let monotone = predicate.monotoneSubselects
        for (place, subselect) in predicate.subselects.enumerated() {
            users[subselect, default: [:]][table, default: Users()].ids.insert(id)
            if !monotone.contains(place) {
                users[subselect, default: [:]][table, default: Users()].notMonotone.insert(id)
            }
        }
    }

    mutating func remove(_ id: Int64, _ predicate: Predicate, of table: TableName) {
        for subselect in predicate.subselects {
            users[subselect]?[table]?.ids.remove(id)
            users[subselect]?[table]?.notMonotone.remove(id)
            if users[subselect]?[table]?.ids.isEmpty == true { users[subselect]?[table] = nil }
            if users[subselect]?.isEmpty == true { users[subselect] = nil }
        }
    }

    /// Adds the rows for which a member that comes or goes may decide, to those of the shapes that may have them.
    ///
    /// Rows are looked up once for all shapes, and lead to the shapes as changed rows do.
    func touched(
        by step: EngineStep, _ index: ShapeIndex, before: some RowSource, after: some RowSource,
        into touches: inout [Int64: ShapeTouch], _ work: inout ShapeWork
    ) throws {
        var probes = SubselectProbes(
            step: step.subselects, store: step.before.subselects, schema: step.before.schema)
        for subselect in step.subselects.touched {
            for (table, users) in users[subselect] ?? [:] {
                let keys = try probes.rows(
                    touchedBy: subselect, isMonotone: users.notMonotone.isEmpty, of: table, before: before, after: after
                )
                // The index has the members of the view before, and these come with the transaction.
                let filed = index.filed(under: subselect, table)
                for key in keys {
                    let row: (old: Row?, new: Row?)
                    if let change = step.changed[table]?[key] {
                        row = (change.old, change.new)
                    } else {
                        row.old = try before.row(key, of: table)
                        row.new = row.old
                        work.rowsRead += 1
                    }
                    let ids = try index.shapes(table, row.old, row.new, before: before, after: after, &work)
                    for id in ids.filter(users.ids.contains).union(filed) {
                        touches[id, default: ShapeTouch()].add(key, of: table)
                    }
                }
            }
        }
        work += probes.work
    }
}

/// What one transaction makes a shape look at.
struct ShapeTouch {
    private(set) var rows: [TableName: Set<RowKey>] = [:]
    /// Rows that time may have moved.
    var due: Set<DueRows.Place> = []

    mutating func add(_ key: RowKey, of table: TableName) { rows[table, default: []].insert(key) }
}
