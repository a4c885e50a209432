import Shapes
import SyncModel

/// Rows of one table that may have changed their part in something, as they are before a transaction and after.
struct RowImages {
    struct Image {
        let old: Row?
        let new: Row?
    }

    private var images: [RowKey: Image] = [:]

    init(_ changes: [RowChange]) {
        for change in changes { images[change.key] = Image(old: change.old, new: change.new) }
    }

    /// By key.
    var sorted: [Image] { images.sorted { $0.key < $1.key }.map(\.value) }

    /// Adds the rows for which a member of one of the condition's sub-selects, coming or going, may decide.
    mutating func add(
        touching condition: Predicate, of table: TableName, step: SubselectStep, store: SubselectStore,
        schema: DatabaseSchema, before: some RowSource, after: some RowSource
    ) throws {
        var probe = SubselectProbes(step: step, store: store, schema: schema)
        for key in try probe.rows(touchedIn: condition, of: table, before: before, after: after)
        where images[key] == nil {
            images[key] = Image(old: try before.row(key, of: table), new: try after.row(key, of: table))
        }
    }
}

/// Finds the rows whose condition may change its mind because members of its sub-selects come and go.
struct SubselectProbes {
    let step: SubselectStep
    let store: SubselectStore
    let schema: DatabaseSchema
    var work = ShapeWork()
    /// Many rules, and many shapes, have the same sub-select.
    private var found: [Probe: Set<RowKey>] = [:]

    private struct Probe: Hashable {
        let subselect: Subselect
        let isMonotone: Bool
        let table: TableName
    }

    init(step: SubselectStep, store: SubselectStore, schema: DatabaseSchema) {
        self.step = step
        self.store = store
        self.schema = schema
    }

    /// The keys of rows in either view, each once.
    mutating func rows(
        touchedIn predicate: Predicate, of table: TableName, before: some RowSource, after: some RowSource
    ) throws -> Set<RowKey> {
        let monotone = predicate.monotoneSubselects
        var keys: Set<RowKey> = []
        for (place, subselect) in predicate.subselects.enumerated() where step.deltas[subselect] != nil {
            let isMonotone = monotone.contains(place)
            keys.formUnion(
                try rows(touchedBy: subselect, isMonotone: isMonotone, of: table, before: before, after: after))
        }
        return keys
    }

    /// Of one sub-select; `isMonotone` as in `Subselect.probed`.
    mutating func rows(
        touchedBy subselect: Subselect, isMonotone: Bool, of name: TableName, before: some RowSource,
        after: some RowSource
    ) throws -> Set<RowKey> {
        let probe = Probe(subselect: subselect, isMonotone: isMonotone, table: name)
        if let keys = found[probe] { return keys }
        let keys = try looked(for: probe, before: before, after: after)
        found[probe] = keys
        return keys
    }

    private mutating func looked(
        for probe: Probe, before: some RowSource, after: some RowSource
    ) throws -> Set<RowKey> {
        let name = probe.table
        guard let table = schema[name], let delta = step.deltas[probe.subselect] else { return [] }
        var keys: Set<RowKey> = []
        for crossing in delta.crossings(over: store.content(probe.subselect)) {
            switch probe.subselect.probed(by: crossing, in: table, isMonotone: probe.isMonotone) {
            case .rows(let lists):
                for list in lists {
                    try look(up: list, name, in: before, &keys)
                    try look(up: list, name, in: after, &keys)
                }
            case .any:
                work.scans += 2
                try before.forEach(of: name) { key, _ in keys.insert(key) }
                try after.forEach(of: name) { key, _ in keys.insert(key) }
                work.rowsFound += keys.count
                return keys
            }
        }
        return keys
    }

    private mutating func look(
        up list: [Subselect.Probed.Column], _ table: TableName, in source: some RowSource, _ keys: inout Set<RowKey>
    ) throws {
        work.lookups += 1
        let found = try source.rows(of: table, where: list.map(\.index), equal: list.map(\.value))
        work.rowsFound += found.count
        for item in found { keys.insert(item.key) }
    }
}
