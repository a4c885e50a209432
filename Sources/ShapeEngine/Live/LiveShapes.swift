import Shapes
import SyncModel

/// All shapes that are kept live over one view of the tables: a transaction goes in, the exact changes of each
/// shape that it touches come out.
///
/// What a transaction costs follows the shapes that it touches (`ShapeIndex`), and what is held are the keys and
/// values that decide: members of sub-selects, rows whose time is near. No rows.
package struct LiveShapes: Sendable {
    private struct Live {
        let shape: Shape
        var due = DueRows()
        var failures: FailureCount = FailureCount()
    }

    private let schema: DatabaseSchema
    private var shapes: [Int64: Live] = [:]
    private var index = ShapeIndex()
    private var subselects = SubselectStore()
    /// Shapes by the sub-selects that their conditions have at the top.
    private var users: [Subselect: Set<Int64>] = [:]
    /// Those that ask for the time.
    private var timed: Set<Int64> = []
    package private(set) var now: Int64
    /// Of all transactions so far.
    package private(set) var work = ShapeWork()

    /// - Parameter now: the greatest commit timestamp so far, in microseconds since 2000-01-01 00:00 UTC.
    package init(schema: DatabaseSchema, now: Int64) {
        self.schema = schema
        self.now = now
    }

    package var count: Int { shapes.count }

    package var scannedCount: Int { index.scannedCount }

    /// When time alone changes a shape next.
    package var nextDue: Int64? { timed.compactMap { shapes[$0]?.due.next }.min() }

    /// The moment that shapes stand at, for snapshots.
    package var view: EngineView { EngineView(now: now, subselects: subselects, schema: schema) }

    package func failures(of id: Int64) -> FailureCount { shapes[id]?.failures ?? FailureCount() }

    /// `source` is the view that the shapes stand at.
    package mutating func add(_ id: Int64, _ shape: Shape, source: some RowSource) throws {
        var live = Live(shape: shape)
        for node in shape.nodes {
            guard let predicate = node.predicate else { continue }
            try subselects.retain(predicate, in: source, schema: schema)
            for subselect in predicate.subselects { users[subselect, default: []].insert(id) }
            guard predicate.usesNow else { continue }
            timed.insert(id)
            try source.forEach(of: node.table) { key, row in
                if let moment = predicate.nextChange(of: row, after: now) {
                    live.due.file(key, at: node.index, moment: moment)
                }
            }
        }
        shapes[id] = live
        index.add(id, shape)
    }

    package mutating func remove(_ id: Int64) {
        guard let live = shapes.removeValue(forKey: id) else { return }
        index.remove(id, live.shape)
        timed.remove(id)
        for predicate in live.shape.nodes.compactMap(\.predicate) {
            subselects.release(predicate)
            for subselect in predicate.subselects {
                users[subselect]?.remove(id)
                if users[subselect]?.isEmpty == true { users[subselect] = nil }
            }
        }
    }

    /// What a transaction does. `time`: its commit timestamp; NOW() never goes back.
    package func step(
        _ changes: [RowChange], time: Int64, before: some RowSource, after: some RowSource
    ) throws -> Step {
        let later = max(now, time)
        let engine = try EngineStep(changes, from: view, now: later, before: before, after: after)
        var step = Step(subselects: engine.subselects, now: later)
        var ids: Set<Int64> = []
        try index.touched(by: changes, before: before, after: after, into: &ids, &step.work)
        for subselect in engine.subselects.touched { ids.formUnion(users[subselect] ?? []) }
        ids.formUnion(timed.filter { shapes[$0]?.due.next.map { $0 <= later } ?? false })
        for id in ids.sorted() {
            guard let live = shapes[id] else { continue }
            var due: [Int: [RowKey]] = [:]
            for entry in live.due.due(at: later) { due[entry.node, default: []].append(entry.key) }
            let found = try ShapeMaintenance.changes(
                of: live.shape, engine, due: due, before: before, after: after)
            step.work += found.work
            step.work.shapesAsked += 1
            let isTouched = !found.changes.isEmpty || !found.clocks.isEmpty || !found.failures.isEmpty
            if isTouched { step.touched.append((id: id, changes: found)) }
        }
        for id in timed.sorted() { try file(id, changes, later, after, in: &step) }
        return step
    }

    /// When time moves the rows next that changed, or that were due.
    private func file(
        _ id: Int64, _ changes: [RowChange], _ later: Int64, _ after: some RowSource, in step: inout Step
    ) throws {
        guard let live = shapes[id] else { return }
        for node in live.shape.nodes {
            guard let predicate = node.predicate, predicate.usesNow else { continue }
            var rows = changes.filter { $0.table == node.table }.map { (key: $0.key, row: $0.new) }
            for entry in live.due.due(at: later) where entry.node == node.index {
                rows.append((key: entry.key, row: try after.row(entry.key, of: node.table)))
            }
            for (key, row) in rows {
                guard let row, let moment = predicate.nextChange(of: row, after: later) else { continue }
                step.due.append((id: id, entry: DueRows.Entry(moment: moment, node: node.index, key: key)))
            }
        }
    }

    package struct Step: Sendable {
        // Not the view: what shares the store's storage would make a commit copy it.
        fileprivate let subselects: SubselectStep
        fileprivate let now: Int64
        /// By id. Those of which no change is shown are here only for rows whose condition failed.
        package fileprivate(set) var touched: [(id: Int64, changes: ShapeChanges)] = []
        package fileprivate(set) var work = ShapeWork()
        fileprivate var due: [(id: Int64, entry: DueRows.Entry)] = []
    }

    /// Call it once the step stands.
    package mutating func commit(_ step: Step) {
        work += step.work
        for (id, found) in step.touched { shapes[id]?.failures.add(found.failures) }
        subselects.apply(step.subselects)
        now = step.now
        for id in timed { shapes[id]?.due.remove(through: now) }
        for (id, entry) in step.due { shapes[id]?.due.file(entry.key, at: entry.node, moment: entry.moment) }
    }
}

/// Rows that are outside a shape because a condition could not be evaluated.
package struct FailureCount: Hashable, Sendable {
    package private(set) var count = 0
    /// The newest.
    package private(set) var last: ConditionFailure?

    package init() {}

    mutating func add(_ failures: [ConditionFailure]) {
        count += failures.count
        last = failures.last ?? last
    }
}
