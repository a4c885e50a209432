import Foundation
@testable import Replica
import SeededRandom
import Shapes
import SyncModel
import Testing

/// One seeded run: a replica on a real file, the model service, and after every event the comparison of the
/// replica's view, of a client that only applied effects, and of the model.
final class ModelRun {
    struct Tracked {
        var operation: SyncModel.Operation
        var seq: Int64?
        var isApplied = true
        var outcome: Verdict.Outcome?
    }

    struct Passed {
        let shape: String
        let message: ShapeMessage

        var transaction: UInt64 { message.origin?.offset.tx ?? 0 }
    }

    let seed: UInt64
    var generator: SeededGenerator
    var service = ModelService()
    var view = ModelView()
    var replica: Replica
    let directory: URL
    let limits: ReplicaLimits
    var counts: [String: Int] = [:]
    var operations: [Tracked] = []
    var clock: Int64 = 1_000_000
    var nextName = 0
    /// What each shape's messages so far add up to, delivered or still on their way.
    var sent: [String: ModelService.Rows] = [:]
    /// What a client holds that reads once, and then only applies effects.
    var client: [String: [TableName: [RowKey: ModelView.Seen]]] = [:]
    private var checks = 0
    /// What it was told of the rows being complete.
    var clientIsComplete: [String: Bool] = [:]
    var epochs = 1
    var queueEpoch: Epoch?
    var histories: [ModelService.History] = []
    /// The next answer begins every shape anew.
    var mustReset = false
    var isFaulty = true
    /// What came for shapes in view since rows were last brought into view, in the order of arrival.
    var passed: [Passed] = []
    /// Shapes whose new life is not in view yet.
    var loading: Set<String> = []

    init(seed: UInt64, limits: ReplicaLimits) throws {
        self.seed = seed
        self.limits = limits
        generator = SeededGenerator(mixing: seed)
        directory = FileManager.default.temporaryDirectory.appending(path: "replica-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        replica = try Self.open(directory.appending(path: "replica.sqlite").path, limits)
        _ = try replica.adopt(schema: Sample.schema, dataModel: nil)
        service.set(Sample.users, Sample.key("u0"), Sample.row(Sample.users, "u0", "Ana"))
    }

    deinit { try? FileManager.default.removeItem(at: directory) }

    static func open(_ path: String, _ limits: ReplicaLimits) throws -> Replica {
        try Replica(
            location: .file(path: path, instance: "here"), limits: limits, newReplicaID: ReplicaID("replica-1"))
    }

    func count(_ what: String) { counts[what, default: 0] += 1 }

    var context: String { "seed \(seed), \(counts.sorted { $0.key < $1.key })" }
}

// MARK: - Checking

extension ModelRun {
    /// Applies effects to the client's rows as any client would.
    func follow(_ effects: Effects) throws {
        if !effects.isEmpty { count("effects") }
        for effect in effects.shapes {
            clientIsComplete[effect.shape] = effect.isComplete
            if effect.isReset {
                count("reset effects")
                client[effect.shape] = try readAll(effect.shape)
                continue
            }
            for change in effect.changes { apply(change, effect.shape) }
        }
    }

    private func apply(_ change: ViewChange, _ shape: String) {
        let old = client[shape]?[change.table]?[change.key]
        count("client \(change.kind.rawValue)")
        switch change.kind {
        case .insert:
            #expect(old == nil, "insert of a row that the client has: \(change) \(context)")
            client[shape, default: [:]][change.table, default: [:]][change.key] = ModelView.Seen(
                fields: change.fields, isPending: change.isPending)
        case .delete:
            #expect(old != nil, "delete of a row that the client does not have: \(change) \(context)")
            client[shape]?[change.table]?[change.key] = nil
        case .update:
            guard var row = old, let schema = Sample.schema[change.table] else {
                Issue.record("update of a row that the client does not have: \(change) \(context)")
                return
            }
            for field in change.fields {
                row.fields.removeAll { $0.column == field.column }
                row.fields.append(field)
            }
            row.fields.sort { (schema.index(of: $0.column) ?? 0) < (schema.index(of: $1.column) ?? 0) }
            row.isPending = change.isPending
            client[shape]?[change.table]?[change.key] = row
        }
    }

    func readAll(_ shape: String) throws -> [TableName: [RowKey: ModelView.Seen]] {
        var rows: [TableName: [RowKey: ModelView.Seen]] = [:]
        var cursor: String?
        var last: (TableName, RowKey)?
        repeat {
            let page = try replica.read(
                shape: shape, after: cursor, limit: Int.random(in: 1...20, using: &generator))
            for row in page.rows {
                if let last { #expect(last < (row.table, row.key), "pages out of order, \(context)") }
                last = (row.table, row.key)
                rows[row.table, default: [:]][row.key] = ModelView.Seen(
                    fields: row.fields, isPending: row.isPending)
            }
            cursor = page.next
        } while cursor != nil
        return rows
    }

    /// What is known by heart equals what is in the file.
    func checkMemory(_ event: String) throws {
        let known = replica.memory
        let stored = try replica.inspect { try ReplicaMemory(in: $0.db) }
        #expect(known.overlaid == stored.overlaid, "after \(event), \(context)")
        #expect(known.keptCount == stored.keptCount, "after \(event), \(context)")
        #expect(known.shapes.map(\.rowCount) == stored.shapes.map(\.rowCount), "after \(event), \(context)")
        #expect(known.nextSeq == stored.nextSeq && known.confirmedSeq == stored.confirmedSeq, "\(context)")
        #expect(known.epoch == stored.epoch && known.queueEpoch == stored.queueEpoch, "\(context)")
        #expect(known.clock == stored.clock, "after \(event), \(context)")
        let applied = try replica.inspect { transaction in
            try OperationTable.appliedAddresses(in: transaction.db)
        }
        let expected = Set(view.operations.compactMap { ModelView.place($0) }.map { RowAddress(table: $0, key: $1) })
        #expect(applied == expected.sorted(), "after \(event), \(context)")
        if expected.isEmpty { #expect(known.overlaid.isEmpty, "after \(event), \(context)") }
        for state in OperationState.allCases {
            #expect(known.counts[state, default: 0] == stored.counts[state, default: 0], "\(state), \(context)")
        }
    }

    /// A window that is said to be complete has the rows that it would have if the device held all of them.
    private func checkComplete(_ shape: HeldShape, _ whole: ModelView.Local, _ event: String) throws -> Bool {
        guard shape.status == .live || shape.status == .stale, let resolved = view.shapes[shape.id],
            resolved.nodes.contains(where: { $0.window != nil })
        else { return true }
        // What hangs on a row that only an own write brought in is not ranked, and may not be held.
        let ranked = resolved.nodes.filter { $0.window != nil }.map(\.table)
        func keys(_ rows: [TableName: [RowKey: ModelView.Seen]]) -> [[RowKey]] {
            ranked.map { (rows[$0] ?? [:]).keys.sorted() }
        }
        let shown = keys(try readAll(shape.id))
        let right = keys(try view.seen(shape.id, in: whole))
        let isComplete = try replica.read(shape: shape.id, limit: 1).isComplete
        #expect(isComplete == clientIsComplete[shape.id, default: true], "after \(event), \(shape.id), \(context)")
        if isComplete {
            count("complete windows")
        } else {
            count(shown == right ? "windows in doubt" : "short windows")
        }
        if !isComplete || shown == right { return true }
        let name = shape.definition.canonical
        Issue.record("after \(event), \(name) shows \(shown) as complete, not \(right), \(context)")
        return false
    }

    func check(_ event: String) throws -> Bool {
        try checkMemory(event)
        let local = view.local()
        checks += 1
        // It costs as much as all the rest.
        let whole = checks.isMultiple(of: 3) ? view.whole() : nil
        for shape in replica.heldShapes {
            if let whole, try !checkComplete(shape, whole, event) { return false }
            let expected = try view.seen(shape.id, in: local).filter { !$0.value.isEmpty }
            let read = try readAll(shape.id)
            let followed = (client[shape.id] ?? [:]).filter { !$0.value.isEmpty }
            for (name, rows) in [("read", read), ("effects", followed)] where rows != expected {
                for table in Sample.schema.tables.map(\.name) where rows[table] != expected[table] {
                    let keys = Set((rows[table] ?? [:]).keys).union((expected[table] ?? [:]).keys).sorted()
                    for key in keys where rows[table]?[key] != expected[table]?[key] {
                        Issue.record(
                            """
                            after \(event), \(shape.id) by \(name): \(table) \(key)
                            has \(String(describing: rows[table]?[key]))
                            not \(String(describing: expected[table]?[key])), \(context)
                            """)
                    }
                }
                return false
            }
            let total = expected.values.reduce(0) { $0 + $1.count }
            if shape.rowCount != total {
                Issue.record("after \(event), \(shape.id) counts \(shape.rowCount) rows, not \(total), \(context)")
                return false
            }
            counts["rows compared", default: 0] += total
            counts["pending rows", default: 0] += expected.values.reduce(0) { $0 + $1.count { $0.value.isPending } }
        }
        return true
    }
}
