import GRDB
import ShapeEngine
import Shapes
import SyncModel
import Synchronization
import TableStore

/// The engine over the mirror's rows. It stands at the mirror's position: shapes enter it, and transactions go
/// through it, inside write transactions, of which there is one at a time.
extension Mirror {
    /// PostgreSQL counts microseconds from 2000, the stream's commit times come from 1970.
    private static let epoch2000: Int64 = 946_684_800_000_000

    static func engineTime(_ committedAt: Int64) -> Int64 { committedAt - epoch2000 }

    /// Keeps a shape live from here on, and gives the view that its snapshot is to be read in.
    func enliven(_ kept: KeptShape, _ catalogue: DatabaseSchema, _ db: Database) throws -> EngineView {
        try Self.createIndexes(for: kept.shape, catalogue, db)
        let source = MirrorSource(db: db, schema: catalogue)
        let (view, metrics) = try live.withLock { live in
            try live?.add(kept.id, kept.shape, source: source)
            return (live?.view ?? EngineView(schema: catalogue), live?.metrics)
        }
        note(metrics)
        return view
    }

    static func createIndexes(for shape: Shape, _ catalogue: DatabaseSchema, _ db: Database) throws {
        for (name, columns) in shape.lookups {
            guard let table = catalogue[name] else { continue }
            try MirrorFile.rows.createIndex(on: columns, of: table, in: db)
        }
        for (name, columns, order) in shape.orderedReads {
            guard let table = catalogue[name] else { continue }
            try MirrorFile.rows.createIndex(on: columns, by: order, of: table, in: db)
        }
    }

    func enlivenAll(_ shapes: [KeptShape], _ catalogue: DatabaseSchema, _ position: MirrorPosition, _ db: Database)
        throws
    {
        live.withLock { $0 = LiveShapes(schema: catalogue, now: Self.engineTime(position.committedAt)) }
        for kept in shapes { _ = try enliven(kept, catalogue, db) }
    }

    func forget(_ kept: KeptShape) {
        note(
            live.withLock { live in
                live?.remove(kept.id)
                return live?.metrics
            })
        withMemory { $0.forget(kept) }
    }

    /// When time alone changes a shape next, in microseconds since 1970; nil when never.
    package var nextDue: Int64? { live.withLock { $0?.nextDue }.map { $0 + Self.epoch2000 } }

    func step(_ changes: [RowChange], committedAt: Int64, _ source: MirrorSource) throws -> LiveShapes.Step? {
        let after = DeltaSource(base: source, changes: changes)
        return try live.withLock { live in
            try live?.step(changes, time: Self.engineTime(committedAt), before: source, after: after)
        }
    }

    func commit(_ step: LiveShapes.Step) {
        note(
            live.withLock { live in
                live?.commit(step)
                return live?.metrics
            })
    }

    /// Kept apart, so that whoever asks does not wait for a transaction that is being worked on.
    private func note(_ metrics: LiveShapes.Metrics?) {
        change { $0.metrics = metrics ?? LiveShapes.Metrics() }
    }

    var metrics: LiveShapes.Metrics { state.metrics }
}
