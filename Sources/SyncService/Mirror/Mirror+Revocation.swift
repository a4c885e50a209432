import GRDB
import Shapes
import SyncModel

/// A person loses a permission: what snapshot and log of a shape say of the time before is not told any more.
///
/// The shape lives on, by its handle, for the readers who have all of that already: they are told at once which rows
/// go. It is no longer found by its definition, so that everybody else is given a new one.
extension Mirror {
    /// Call it before the entries of the transaction are appended. False: the shape is no more, because nobody can
    /// have read the whole of it.
    ///
    /// - Parameter tx: of that transaction, of which pieces may have been appended; nil: of none.
    func revoke(_ kept: KeptShape, before tx: UInt64? = nil, _ db: Database) throws -> Bool {
        let reader = ShapeLogReader(db: db)
        guard try reader.chunkCount(of: kept.id) != nil else {
            try ShapeLogWriter(db: db).retire(kept)
            forget(kept)
            return false
        }
        // What nobody was told of comes to what it comes to once the tables are compared (`moveUntold`).
        let told = min(state.position?.told ?? UInt64(Int64.max), tx.map { $0 - 1 } ?? UInt64(Int64.max))
        let floor = kept.place(after: try reader.lastOffset(of: kept.id, through: told) ?? .snapshotEnd)
        try ShapeLogWriter(db: db).raise(floor, of: kept)
        replace(kept, by: kept.with(kept.shape, floor: floor))
        return true
    }

    /// What the shape tells of the past is not this mirror's: those at its head go on, and everybody else is given a
    /// new one.
    func supersede(_ kept: KeptShape) async throws {
        // Many may ask at once, and the first does it for all.
        guard keptShape(kept.id)?.floor == nil else { return }
        try await pool.write { [self] db in
            guard let current = keptShape(kept.id), current.floor == nil else { return }
            _ = try revoke(current, db)
        }
        signal.touched(shape: kept.id)
    }

    /// Removes a piece of what revoked shapes do not tell any more: their snapshots, and what stands before their
    /// floors. (What the floor itself names stays: it is the end of the log until something follows.) True: there was
    /// some.
    func removeRevokedPiece(_ db: Database) throws -> Bool {
        try db.execute(
            sql: """
                DELETE FROM chunk WHERE (shape, number) IN (
                    SELECT c.shape, c.number FROM shape s JOIN chunk c ON c.shape = s.id
                    WHERE s.floor IS NOT NULL LIMIT 8)
                """)
        if db.changesCount > 0 { return true }
        for kept in withMemory({ $0.shapes.revoked }) {
            guard let floor = kept.floor else { continue }
            let count = try Self.removeEntries(of: kept.id, before: floor, db)
            guard count > 0 else { continue }
            withMemory { $0.logLengths[kept.id, default: 0] -= count }
            return true
        }
        return false
    }
}

extension ShapeLogReader {
    /// nil: the shape is no more. Otherwise its floor, nil within where there is none.
    func floor(of shape: Int64) throws -> LogOffset?? {
        guard let row = try GRDB.Row.fetchOne(db, Self.query("SELECT floor FROM shape WHERE id = ?", [shape]))
        else {
            return nil
        }
        return .some((row["floor"] as String?).flatMap { LogOffset($0) })
    }

    /// The shape is kept, and a reader at `offset` may go on in it. To be asked in the transaction that reads on:
    /// what is known in memory may be older.
    func continues(_ kept: KeptShape, after offset: LogOffset) throws -> Bool {
        guard let floor = try floor(of: kept.id) else { return false }
        return kept.continues(after: offset, floor: floor)
    }
}
