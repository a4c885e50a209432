import Foundation
import GRDB
import ShapeEngine
import Shapes
import SyncModel
import SyncProtocol

extension Mirror {
    /// How many bytes the snapshot of a shape may have, encoded; how many shapes are kept, and how many one device
    /// gets.
    package struct ShapeLimits: Sendable {
        package var bytes: Int
        package var shapes: Int
        package var perClient: Int

        package init(bytes: Int = 1 << 30, shapes: Int = 10_000, perClient: Int = .max) {
            self.bytes = bytes
            self.shapes = shapes
            self.perClient = perClient
        }
    }

    /// The log of this definition in this form, for a person; begun now where there is none.
    ///
    /// The shape is registered in a write transaction at the mirror's position, so that its log has every later
    /// change; the snapshot is read from that very state beside the transactions that follow.
    @inline(never) func keep(
        _ definition: ShapeDefinition, form: ShapeForm, access: ReadAccess, limits: ShapeLimits
    ) async throws -> KeptShape {
        let (shape, kept) = try find(definition, form, access)
        if let kept { return kept }
        try checkSettled()
        await snapshotSlots.take()
        return try await withCheckedThrowingContinuation { continuation in
            pool.asyncWriteWithoutTransaction { db in
                do {
                    let (kept, isNew) = try self.begin(shape, form: form, limits: limits, db)
                    if !isNew { self.snapshotSlots.giveBack() }
                    continuation.resume(returning: kept)
                } catch {
                    self.snapshotSlots.giveBack()
                    continuation.resume(throwing: error)
                }
            }
        }
    }

    @inline(never) private func find(
        _ definition: ShapeDefinition, _ form: ShapeForm, _ access: ReadAccess
    ) throws -> (shape: Shape, kept: KeptShape?) {
        guard let catalogue, state.position != nil else {
            throw ServiceError(.notReady, "the mirror is being copied: try again shortly")
        }
        let shape = try Shape(resolving: definition, in: catalogue, access: access)
        return (shape, keptShape(identity: KeptShape.identity(shape, form)))
    }

    /// Of a new one the snapshot is under way, and gives the slot back.
    private func begin(
        _ shape: Shape, form: ShapeForm, limits: ShapeLimits, _ db: Database
    ) throws -> (kept: KeptShape, isNew: Bool) {
        if let kept = keptShape(identity: KeptShape.identity(shape, form)) { return (kept, false) }
        let state = state
        guard let catalogue = state.catalogue, let position = state.position else {
            throw ServiceError(.notReady, "the mirror is being copied: try again shortly")
        }
        try checkSettled()
        guard shapeCount < limits.shapes else {
            throw ServiceError.tooLarge("the number of shapes of this service (service.max_shapes)", limits.shapes)
        }
        var begun: (kept: KeptShape, view: EngineView)?
        try db.inTransaction {
            let now = Int64(Date().timeIntervalSince1970 * 1_000_000)
            let kept = try insert(shape, form, position, now: now, db)
            begun = (kept, try enliven(kept, catalogue, db))
            return .commit
        }
        guard let (kept, view) = begun else { throw ServiceError(.internal, "the shape could not be stored") }
        withMemory { $0.shapes.add(kept) }
        let writer = SnapshotWriter(
            kept: kept, view: view, catalogue: catalogue, seen: position.seen, byteLimit: limits.bytes)
        pool.spawnConcurrentRead { result in
            self.writeSnapshot(writer, from: result)
            self.snapshotSlots.giveBack()
        }
        return (kept, true)
    }

    /// A shape that began while tables wait to be compared would begin with rows of different moments.
    func checkSettled() throws {
        guard state.position?.unsettled != nil else { return }
        throw ServiceError(.notReady, "tables that changed are being read anew: try again shortly")
    }

    /// `now`: microseconds since 1970.
    func insert(
        _ shape: Shape, _ form: ShapeForm, _ position: MirrorPosition, now: Int64, _ db: Database
    ) throws -> KeptShape {
        try db.cachedStatement(
            sql: """
                INSERT INTO shape (handle, identity, form, definition, grant, snapshot_tx, used_at)
                VALUES ('', ?, ?, ?, ?, ?, ?)
                """
        ).execute(arguments: [
            KeptShape.identity(shape, form), form.name, shape.definition.canonical, shape.grant.text,
            Int64(position.position), now,
        ])
        let id = db.lastInsertedRowID
        // Unique for ever: no two lives of a mirror share a microsecond and an id.
        let handle = "\(id)-\(now)"
        try db.cachedStatement(sql: "UPDATE shape SET handle = ? WHERE id = ?").execute(arguments: [handle, id])
        return KeptShape(
            id: id, handle: ShapeHandle(handle), form: form, shape: shape, snapshotTx: position.position,
            floor: nil)
    }

    /// Runs on a reader, beside the stream; chunks are written one by one as they close.
    func writeSnapshot(_ writer: SnapshotWriter, from result: Result<Database, any Error>) {
        let kept = writer.kept
        do {
            let counts = try writer.write(from: try result.get()) { part in
                try pool.write { db in
                    guard try ShapeLogReader(db: db).isKept(kept.id) else { throw SnapshotWriter.Ended() }
                    try Self.store(part, of: kept, db)
                }
                signal.touched(shape: kept.id)
            }
            try pool.write { db in
                try db.cachedStatement(sql: "UPDATE shape SET chunks = ?, rows = ? WHERE id = ?")
                    .execute(arguments: [counts.chunks, counts.rows, kept.id])
                guard db.changesCount > 0, kept.form == .stream else { return }
                let failures = try FailureStore(db: db).settle(kept.id)
                change { $0.conditionFailures[kept.id] = failures.count == 0 ? nil : failures }
            }
        } catch is SnapshotWriter.Ended {
            // Its readers have been told.
        } catch {
            giveUp(kept, because: error)
        }
        signal.touched(shape: kept.id)
    }

    private static func store(_ part: SnapshotWriter.Part, of kept: KeptShape, _ db: Database) throws {
        switch part {
        case .chunk(let number, let body):
            try db.cachedStatement(sql: "INSERT INTO chunk (shape, number, body) VALUES (?, ?, ?)")
                .execute(arguments: [kept.id, number, Data(body)])
        case .failures(let failures): try FailureStore(db: db).insert(failures, of: kept.id)
        }
    }

    private func giveUp(_ kept: KeptShape, because error: any Error) {
        let reason: Reason
        if let tooLarge = error as? SnapshotWriter.TooLarge {
            reason = Reason(
                code: "too_large",
                message: "the shape has more than max_shape_size = \(tooLarge.limit) bytes: narrow its condition")
        } else {
            reason = Reason(code: "internal", message: "the snapshot failed: \(error)")
        }
        try? pool.write { db in try ShapeLogWriter(db: db).retire(kept) }
        forget(kept)
        change { $0.failures[kept.handle] = reason }
    }
}
