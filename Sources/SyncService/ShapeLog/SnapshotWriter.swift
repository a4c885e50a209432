import Foundation
import GRDB
import JSONText
import ShapeEngine
import Shapes
import SyncModel
import SyncProtocol
import TableStore

/// Evaluates a shape once, at the mirror's position, and cuts its rows into chunks.
///
/// A chunk is messages joined by commas, ready to be sent; it never changes. Electric's form ends the last one
/// with `snapshot-end`.
struct SnapshotWriter {
    let kept: KeptShape
    /// The moment that the snapshot stands at.
    let view: EngineView
    let catalogue: DatabaseSchema
    let seen: SeenTransactions
    /// Of all chunks together.
    let byteLimit: Int

    struct TooLarge: Error {
        let limit: Int
    }

    /// The shape ended meanwhile.
    struct Ended: Error {}

    private struct Progress {
        /// Most shapes are small.
        var json = JSONWriter(reserving: 4096)
        var chunks = 0
        var rows = 0
        /// Of the chunks that are closed.
        var bytes = 0
        /// Rows left out that are not handed on yet.
        var failures: [ConditionFailure] = []
    }

    enum Part {
        case chunk(Int, [UInt8])
        case failures([ConditionFailure])
    }

    /// So many at a time.
    private static let failureCount = 1_000

    /// A chunk closes once it has this many bytes.
    static let chunkBytes = 1 << 20

    /// Calls `emit` with each chunk's number and body, in order, and with the rows that are left out because the
    /// condition fails; returns the counts of chunks and rows.
    func write(
        from db: Database, emit: (Part) throws -> Void
    ) throws -> (chunks: Int, rows: Int) {
        let source = MirrorSource(db: db, schema: catalogue)
        let renderer = MessageRenderer(kept, catalogue: catalogue)
        let isStream = kept.form == .stream
        var progress = Progress()
        progress.json.beginArray()
        // The clock of the root row that was read last: looking it up again would cost as much as the row.
        var latest: (key: RowKey, clock: RowClock)?
        try ShapeMaintenance.snapshot(
            of: kept.shape,
            roots: { body in
                try Self.forEachRoot(kept.shape, catalogue, db) { stored in
                    latest = (stored.key, MirrorSource.clock(stored))
                    try body(stored.key, stored.row)
                }
            }, source: source, view: view,
            emit: { table, key, row in
                progress.rows += 1
                var clock: RowClock?
                if isStream {
                    let isLatest = latest?.key == key && table == kept.shape.nodes[0].table
                    clock = try isLatest ? latest?.clock : source.clock(key, of: table)
                }
                renderer.writeSnapshot(table, key, row, clock, to: &progress.json)
                if progress.bytes + progress.json.count > byteLimit { throw TooLarge(limit: byteLimit) }
                if progress.json.count >= Self.chunkBytes { try Self.close(&progress, emit) }
            },
            emitFailure: { failure in
                progress.failures.append(failure)
                if progress.failures.count >= Self.failureCount { try Self.handOn(&progress, isStream, emit) }
            })
        try Self.handOn(&progress, isStream, emit)
        if !isStream { ElectricMessage.writeSnapshotEnd(seen, to: &progress.json) }
        try Self.close(&progress, emit)
        return (progress.chunks, progress.rows)
    }

    /// The body is what stands between the brackets.
    private static func close(_ progress: inout Progress, _ emit: (Part) throws -> Void) throws {
        let size = progress.json.count
        progress.bytes += size
        try emit(.chunk(progress.chunks, Array(progress.json.finish().dropFirst())))
        progress.chunks += 1
        progress.json = JSONWriter(reserving: size < chunkBytes ? 0 : chunkBytes + 4096)
        progress.json.beginArray()
    }

    /// Only our own stream tells of them.
    private static func handOn(
        _ progress: inout Progress, _ isStream: Bool, _ emit: (Part) throws -> Void
    ) throws {
        if isStream, !progress.failures.isEmpty { try emit(.failures(progress.failures)) }
        progress.failures = []
    }

    private static func forEachRoot(
        _ shape: Shape, _ catalogue: DatabaseSchema, _ db: Database, _ body: (StoredRow) throws -> Void
    ) throws {
        guard let table = catalogue[shape.nodes[0].table] else { return }
        // The index on this column was made when the shape was enlivened. Many rows are read faster in their own order.
        if let list = shape.nodes[0].predicate?.narrowestList, list.values.count == 1 {
            let (columns, values) = ([list.column], [Value.text(list.values[0])])
            let count = try MirrorFile.rows.count(
                of: table, where: columns, equal: values, upTo: indexedRows, in: db)
            if count < indexedRows {
                let rows = try MirrorFile.rows.rows(of: table, where: columns, equal: values, in: db)
                return try rows.forEach(body)
            }
        }
        try MirrorFile.rows.forEach(table, in: db, body)
    }

    private static let indexedRows = 5_000
}
