import Shapes
import SyncModel

/// All shapes that are kept live over one view of the tables: a transaction goes in, the exact changes of each
/// shape that it touches come out.
///
/// What a transaction costs follows the shapes that it touches (`ShapeIndex`), and what is held are the keys and
/// values that decide: members of sub-selects, rows whose time is near. No rows.
package struct LiveShapes: Sendable {
    private struct TimedNode: Hashable {
        let shape: Int64
        let node: Int
    }

    private let schema: DatabaseSchema
    private var shapes: [Int64: Shape] = [:]
    private var index: ShapeIndex
    private var rules = RuleWatch()
    private var subselects = SubselectStore()
    private var users = ShapeUsers()
    /// Nodes whose conditions ask for the time.
    private var timed = ConditionIndex<TimedNode>()
    private var due = DueRows()
    /// Where windows end, of those that were looked at.
    private var windows: [Int64: [WindowPlace: WindowState]] = [:]
    private var windowCount = 0
    /// Of all shapes: beyond that, those of the shape that is touched are forgotten, and found out again when they are
    /// touched.
    private let windowLimit: Int
    package private(set) var now: Int64
    package private(set) var metrics = Metrics()

    /// For people who watch a service.
    package struct Metrics: Hashable, Sendable {
        package var shapes = 0
        /// Those that are asked about every change of some table.
        package var scanned = 0
        /// How often a transaction made a row's condition fail.
        package var failures = 0
        /// Of all transactions so far.
        package var work = ShapeWork()

        package init() {}
    }

    /// - Parameters:
    ///   - now: the greatest commit timestamp so far, in microseconds since 2000-01-01 00:00 UTC.
    ///   - windowLimit: of how many windows it is kept where they end.
    package init(schema: DatabaseSchema, now: Int64, windowLimit: Int = 100_000) {
        self.schema = schema
        self.now = now
        self.windowLimit = windowLimit
        index = ShapeIndex(schema: schema)
    }

    /// When time alone changes a shape next.
    package var nextDue: Int64? { due.next }

    /// The moment that shapes stand at, for snapshots.
    package var view: EngineView { EngineView(now: now, subselects: subselects, schema: schema) }

    /// `source` is the view that the shapes stand at. With an error, nothing is changed.
    package mutating func add(_ id: Int64, _ shape: Shape, source: some RowSource) throws {
        var retained: [Predicate] = []
        do {
            for predicate in shape.nodes.compactMap(\.predicate) {
                try subselects.retain(predicate, in: source, schema: schema)
                retained.append(predicate)
            }
            for node in shape.nodes { try fileDueRows(of: node, id, source) }
        } catch {
            due.remove(id)
            for predicate in retained { subselects.release(predicate) }
            throw error
        }
        for node in shape.nodes {
            guard let predicate = node.predicate else { continue }
            users.add(id, predicate, of: node.table)
            if let timing = node.timing { timed.add(TimedNode(shape: id, node: node.index), node.table, timing) }
        }
        shapes[id] = shape
        index.add(id, shape, subselects)
        rules.add(id, shape)
        metrics.shapes = shapes.count
        metrics.scanned = index.scannedCount
    }

    private mutating func fileDueRows(of node: Shape.Node, _ id: Int64, _ source: some RowSource) throws {
        guard let predicate = node.predicate, let timing = node.timing else { return }
        try source.forEachCandidate(of: node.table, timing, &metrics.work) { key, row in
            let moment = predicate.nextChange(of: row, after: now)
            due.file(DueRows.Place(node: node.index, key: key), of: id, moment: moment)
        }
    }

    package mutating func remove(_ id: Int64) {
        guard let shape = shapes.removeValue(forKey: id) else { return }
        index.remove(id, shape, subselects)
        rules.remove(id, shape)
        due.remove(id)
        forgetWindows(of: id)
        for node in shape.nodes {
            guard let predicate = node.predicate else { continue }
            subselects.release(predicate)
            users.remove(id, predicate, of: node.table)
            guard let timing = node.timing else { continue }
            timed.remove(TimedNode(shape: id, node: node.index), node.table, timing)
        }
        metrics.shapes = shapes.count
        metrics.scanned = index.scannedCount
    }

    /// What a transaction does. `time`: its commit timestamp; NOW() never goes back.
    package func step(
        _ changes: [RowChange], time: Int64, before: some RowSource, after: some RowSource
    ) throws -> Step {
        let later = max(now, time)
        let engine = try EngineStep(changes, from: view, now: later, before: before, after: after)
        var step = Step(subselects: engine.subselects, now: later)
        var touches: [Int64: ShapeTouch] = [:]
        try index.touched(by: changes, before: before, after: after, into: &touches, &step.work)
        try users.touched(by: engine, index, before: before, after: after, into: &touches, &step.work)
        let due = due.due(at: later)
        for (id, places) in due { touches[id, default: ShapeTouch()].due = places }
        let revoked = try rules.revoked(by: engine, before: before, after: after, &step.work)
        for id in Set(touches.keys).union(revoked).sorted() {
            guard let shape = shapes[id] else { continue }
            var (found, windows) = try ShapeMaintenance.changes(
                of: shape, engine, touches[id] ?? ShapeTouch(), windows: windows[id] ?? [:], before: before,
                after: after)
            found.isRevoked = found.isRevoked || revoked.contains(id)
            if !windows.isEmpty { step.windows.append((id: id, windows: windows)) }
            step.work += found.work
            step.work.shapesAsked += 1
            let isTouched =
                !found.changes.isEmpty || !found.clocks.isEmpty || !found.failures.isEmpty || found.isRevoked
            if isTouched { step.touched.append((id: id, changes: found)) }
        }
        try refile(due, engine, after, in: &step)
        return step
    }

    /// When time moves the rows next that were due, or that changed.
    private func refile(
        _ due: [Int64: Set<DueRows.Place>], _ engine: EngineStep, _ after: some RowSource, in step: inout Step
    ) throws {
        func file(_ place: DueRows.Place, of id: Int64, _ row: Row?) {
            let predicate = shapes[id]?.nodes[place.node].predicate
            let moment = row.flatMap { predicate?.nextChange(of: $0, after: step.now) }
            step.due.append((id: id, place: place, moment: moment))
        }
        for (id, places) in due {
            guard let shape = shapes[id] else { continue }
            for place in places { file(place, of: id, try after.row(place.key, of: shape.nodes[place.node].table)) }
        }
        for change in engine.changes {
            for node in timed.ids(touchedBy: change) {
                file(DueRows.Place(node: node.node, key: change.key), of: node.shape, change.new)
            }
        }
    }

    package struct Step: Sendable {
        // Not the view: what shares the store's storage would make a commit copy it.
        fileprivate let subselects: SubselectStep
        fileprivate let now: Int64
        /// By id. Those of which no change is shown are here only for rows whose condition
        /// began or ceased to fail.
        package fileprivate(set) var touched: [(id: Int64, changes: ShapeChanges)] = []
        package fileprivate(set) var work = ShapeWork()
        /// What is known now of where windows end; nil: nothing any more.
        fileprivate var windows: [(id: Int64, windows: [WindowPlace: WindowState?])] = []
        /// In no order: each place has one moment. nil: none.
        fileprivate var due: [(id: Int64, place: DueRows.Place, moment: Int64?)] = []
    }

    /// Call it once the step stands.
    package mutating func commit(_ step: Step) {
        metrics.work += step.work
        for (_, found) in step.touched { metrics.failures += found.failures.count { $0.message != nil } }
        index.apply(step.subselects, over: subselects)
        subselects.apply(step.subselects)
        for (id, changed) in step.windows where shapes[id] != nil {
            note(changed, of: id)
        }
        now = step.now
        for (id, place, moment) in step.due where shapes[id] != nil { due.file(place, of: id, moment: moment) }
    }

    private mutating func note(_ changed: [WindowPlace: WindowState?], of id: Int64) {
        if windowCount + changed.count > windowLimit {
            // All, or a shape that nobody touches would keep its own for ever, and the others would never have any.
            windows = [:]
            windowCount = 0
        }
        guard changed.count <= windowLimit else { return }
        windowCount -= windows[id]?.count ?? 0
        for (place, state) in changed { windows[id, default: [:]][place] = state }
        windowCount += windows[id]?.count ?? 0
    }

    private mutating func forgetWindows(of id: Int64) { windowCount -= windows.removeValue(forKey: id)?.count ?? 0 }
}

extension Shape.Node {
    /// Which rows time may move: those of the whole condition, or all that a rule permits for a time, because one that
    /// is not shown any more may still stand in the log. nil: none.
    var timing: Predicate? {
        if let rule, rule.usesNow { return rule }
        return predicate?.usesNow == true ? predicate : nil
    }
}
