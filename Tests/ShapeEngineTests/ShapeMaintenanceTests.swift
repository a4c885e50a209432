import SeededRandom
import Shapes
import SyncModel
import Testing

@testable import ShapeEngine

/// The engine's incremental answers against evaluating the definition from scratch.
struct ShapeMaintenanceTests {
    struct Counts {
        var transactions = 0
        var inserts = 0
        var updates = 0
        var deletes = 0
        var silent = 0
        var movedInByOthers = 0
        var movedOutByOthers = 0
        var keyChanges = 0
        var rowsOnTwoPaths = 0
        var selfReferences = 0
        var manyToOne = 0
        var deepest = 0
        var rootWindows = 0
        var windows = 0
        var junctionWindows = 0
        var eitherWay = 0
        var pushedOut = 0

        var subselects = 0
        var timed = 0
        var movedByTime = 0
        var passedOver = 0
        var ruled = 0
        var revocations = 0
        var unshownRevocations = 0
        var restrictedSteps = 0
        var failures = 0
        var mended = 0
        var windowedFailures = 0

        mutating func note(_ shape: Shape) {
            selfReferences += shape.nodes.count { node in
                node.parent.map { shape.nodes[$0].table == node.table } ?? false
            }
            manyToOne += shape.nodes.count {
                $0.links.first?.childColumns == [0] && $0.links.first?.parentColumns != [0]
            }
            deepest = max(deepest, shape.nodes.map { $0.path.split(separator: "/").count }.max() ?? 0)
            for node in shape.nodes {
                ruled += node.rule == nil ? 0 : 1
                eitherWay += node.links.count > 1 ? 1 : 0
                subselects += node.predicate?.subselects.count ?? 0
                timed += node.predicate?.usesNow == true ? 1 : 0
                guard let window = node.window else { continue }
                if window.group == nil {
                    rootWindows += 1
                } else if window.group == node.parent {
                    windows += 1
                } else {
                    junctionWindows += 1
                }
            }
        }

        mutating func count(_ changes: [ShapeChange], _ transaction: [RowChange], _ shape: Shape) {
            if changes.isEmpty { silent += 1 }
            if transaction.isEmpty { movedByTime += changes.count }
            let touched = Set(transaction.map { "\($0.table)/\($0.key)" })
            let isWindowed = shape.nodes.contains { $0.window != nil }
            for change in changes {
                let isOwn = touched.contains("\(change.table)/\(change.key)")
                #expect(isOwn == (change.clock != nil))
                switch change.kind {
                case .insert:
                    inserts += 1
                    if !isOwn { movedInByOthers += 1 }
                case .update: updates += 1
                case .delete:
                    deletes += 1
                    if !isOwn { movedOutByOthers += 1 }
                    if !isOwn, isWindowed { pushedOut += 1 }
                }
                if change.movedTo != nil { keyChanges += 1 }
            }
        }

        var all: [Int] {
            [
                transactions, inserts, updates, deletes, movedInByOthers, movedOutByOthers, keyChanges,
                rowsOnTwoPaths,
                selfReferences, manyToOne, deepest, rootWindows, windows, junctionWindows, eitherWay, pushedOut,
                subselects, timed, movedByTime, passedOver, ruled, revocations, unshownRevocations, restrictedSteps,
                failures, mended, windowedFailures,
            ]
        }
    }

    @Test func givesWhatEvaluatingFromScratchGives() throws {
        let seed = SeededGenerator.seed(11)
        var world = WorldGenerator(seed: seed)
        var counts = Counts()
        while counts.transactions < 2_500 {
            world.makeSchema()
            if counts.transactions % 3 > 0 { world.makeAccess() }
            let shapes = (0..<4).compactMap { _ in world.makeShape() }
            guard !shapes.isEmpty else { continue }
            for shape in shapes { counts.note(shape) }
            try follow(shapes, &world, transactions: 20, &counts)
        }
        print("seed \(seed): \(counts)")
        #expect(!counts.all.contains(0))
    }

    private func follow(
        _ shapes: [Shape], _ world: inout WorldGenerator, transactions: Int, _ counts: inout Counts
    ) throws {
        var source = MemorySource()
        for _ in 0..<12 { _ = world.mutate(&source) }
        // In every other world hardly any window is known when it is touched.
        var live = LiveShapes(
            schema: world.schema, now: 10_000_000, windowLimit: counts.transactions % 40 == 0 ? 3 : 10_000)
        var replicas: [[TableName: [RowKey: Row]]] = []
        var failed: [Set<FailedRow>] = []
        for (index, shape) in shapes.enumerated() {
            try live.add(Int64(index), shape, source: source)
            let content = content(of: shape, source, now: live.now)
            replicas.append(content.tables)
            failed.append(content.failures)
        }
        for round in 0..<transactions {
            var next = source
            // Now and then nothing happens but time.
            let moves = round % 5 == 4 ? [] : world.mutate(&next)
            let changes = source.changes(to: next, moves: moves)
            let step = try stepped(live, changes, source, next, round: round)
            for (id, shown) in step.touched {
                counts.count(shown.changes, changes, shapes[Int(id)])
                apply(shown.changes, to: &replicas[Int(id)], shapes[Int(id)])
                #expect(isSorted(shown.changes, shapes[Int(id)]))
                take(shown.failures, to: &failed[Int(id)], shapes[Int(id)], &counts)
            }
            try checkRevocations(step, shapes, world, from: source, to: next, before: live.now, &counts)
            counts.passedOver += shapes.count - step.work.shapesAsked
            live.commit(step)
            for (index, shape) in shapes.enumerated() {
                let expected = content(of: shape, next, now: live.now)
                #expect(equal(replicas[index], expected.tables, shape), "\(shape.definition.canonical)")
                #expect(failed[index] == expected.failures, "\(shape.definition.canonical)")
                counts.rowsOnTwoPaths += doubled(expected.nodes, shape)
                if round % 10 == 9 { try checkReads(shape, next, expected.tables, expected.failures, live.view) }
            }
            counts.transactions += 1
            source = next
        }
    }

    /// A row that stays, and that may not be read any more, is never passed over, whether the shape shows it or not.
    private func checkRevocations(
        _ step: LiveShapes.Step, _ shapes: [Shape], _ world: WorldGenerator, from old: MemorySource,
        to new: MemorySource, before: Int64, _ counts: inout Counts
    ) throws {
        func permitted(_ table: TableName, _ source: MemorySource, _ now: Int64) throws -> Set<RowKey> {
            let all = try Shape(
                resolving: ShapeDefinition(rootTable: table), in: world.schema, access: world.access)
            return Set((content(of: all, source, now: now).tables[table] ?? [:]).keys)
        }
        for (index, shape) in shapes.enumerated() where shape.grant.isRestricted {
            let changes = step.touched.first { $0.id == Int64(index) }?.changes
            var isLost = false
            for table in shape.tables {
                let lost = try permitted(table, old, before).subtracting(permitted(table, new, before + 2_000_000))
                isLost = isLost || lost.contains { new.row($0, of: table) != nil }
            }
            counts.restrictedSteps += 1
            guard isLost else { continue }
            counts.revocations += 1
            counts.unshownRevocations += changes?.changes.isEmpty == true ? 1 : 0
            #expect(changes?.isRevoked == true, "\(shape.definition.canonical) \(shape.grant.text)")
        }
    }

    /// The views in turn: both whole, the new one over the old, the old one under the new.
    private func stepped(
        _ live: LiveShapes, _ changes: [RowChange], _ old: MemorySource, _ new: MemorySource, round: Int
    ) throws -> LiveShapes.Step {
        let time = live.now + 2_000_000
        switch round % 3 {
        case 0: return try live.step(changes, time: time, before: old, after: new)
        case 1:
            let after = DeltaSource(base: old, changes: changes)
            return try live.step(changes, time: time, before: old, after: after)
        default:
            let before = DeltaSource(base: new, undoing: changes)
            return try live.step(changes, time: time, before: before, after: new)
        }
    }

    private func apply(_ changes: [ShapeChange], to replica: inout [TableName: [RowKey: Row]], _ shape: Shape) {
        for change in changes {
            let held = replica[change.table]?[change.key]
            let selection = shape.selection(of: change.table)
            switch change.kind {
            case .insert: #expect(held == nil && change.old == nil && change.new != nil)
            case .update:
                #expect(selection.contains { held?[$0] != change.new?[$0] } && held != nil)
            case .delete: #expect(held != nil && change.new == nil)
            }
            if let held, let old = change.old { #expect(selection.allSatisfy { held[$0] == old[$0] }) }
            replica[change.table, default: [:]][change.key] = change.new
        }
    }

    private func take(
        _ changes: [FailureChange], to failed: inout Set<FailedRow>, _ shape: Shape, _ counts: inout Counts
    ) {
        for change in changes {
            let row = FailedRow(table: change.table, key: change.key)
            if change.message == nil {
                counts.mended += 1
                #expect(failed.remove(row) != nil)
            } else {
                counts.failures += 1
                counts.windowedFailures += shape.nodes(of: change.table).count { shape.nodes[$0].window != nil }
                failed.insert(row)
            }
        }
    }

    private func equal(
        _ left: [TableName: [RowKey: Row]], _ right: [TableName: [RowKey: Row]], _ shape: Shape
    ) -> Bool {
        shape.tables.allSatisfy { table in
            let selection = shape.selection(of: table)
            func projected(_ rows: [RowKey: Row]?) -> [RowKey: [Value]] {
                (rows ?? [:]).mapValues { row in selection.map { row[$0] } }
            }
            return projected(left[table]) == projected(right[table])
        }
    }

    private func isSorted(_ changes: [ShapeChange], _ shape: Shape) -> Bool {
        func place(_ change: ShapeChange) -> (Text, RowKey) {
            (Text(shape.nodes[shape.nodes(of: change.table)[0]].path), change.key)
        }
        return zip(changes, changes.dropFirst()).allSatisfy { place($0) < place($1) }
    }

    private func doubled(_ members: [Set<RowKey>], _ shape: Shape) -> Int {
        shape.tables.reduce(0) { sum, table in
            let sets = shape.nodes(of: table).map { members[$0] }
            return sum + sets.indices.dropLast().reduce(0) { $0 + sets[$1].intersection(sets[$1 + 1]).count }
        }
    }

    private func checkReads(
        _ shape: Shape, _ source: MemorySource, _ expected: [TableName: [RowKey: Row]], _ failures: Set<FailedRow>,
        _ view: EngineView
    ) throws {
        var failed: [FailedRow] = []
        var emitted: [TableName: [RowKey: Row]] = [:]
        let roots = source.sorted(shape.nodes[0].table)
        try ShapeMaintenance.snapshot(
            of: shape, roots: { visit in for root in roots { try visit(root.key, root.row) } }, source: source,
            view: view,
            emit: { table, key, row in
                #expect(emitted[table]?[key] == nil)
                emitted[table, default: [:]][key] = row
            }, emitFailure: { failed.append(FailedRow(table: $0.table, key: $0.key)) })
        #expect(emitted == expected)
        #expect(failed.count == failures.count && Set(failed) == failures)
        for table in shape.tables {
            for (key, row) in source.sorted(table) {
                let contains = try ShapeMaintenance.contains(
                    key, row: row, of: table, in: shape, source: source, view: view)
                #expect(contains == (expected[table]?[key] != nil))
            }
        }
    }
}
