import GRDB
import ShapeEngine
import SyncModel
import TableStore

/// Changes that are too many to hold: they lie in tables beside the mirror's (`MirrorFile.delta`), with what each row
/// becomes, and are taken in piece by piece, as one transaction.
///
/// A piece is to the engine what a transaction is, so that what is held is a piece at a time. On the way a row may come
/// into a shape with one piece and go with the next; the log is left with what it comes to.
extension Mirror {
    /// How much is held at once: so many rows, and so many bytes of what they were and become, one row aside.
    static let pieceRows = 5_000
    static let pieceBytes = 4 << 20

    /// The rows of the delta tables, which are gone afterwards, become those of the mirror. Runs inside the write
    /// transaction that also moves the position to `entries.tx`.
    func takeDelta(
        of tables: [TableSchema], _ catalogue: DatabaseSchema, committedAt: Int64, in entries: inout TransactionEntries,
        _ db: Database
    ) throws {
        // Time moves once, with or without rows.
        try takePiece([], catalogue, committedAt, in: &entries, db)
        for table in tables.sorted(by: { $0.name < $1.name }) {
            var last: RowKey?
            let source = MirrorSource(db: db, schema: catalogue)
            while let piece = try Self.piece(of: table, after: last, source) {
                change { $0.spillFigures.mostBytes = max($0.spillFigures.mostBytes, piece.bytes) }
                try takePiece(piece.changes, catalogue, committedAt, in: &entries, db)
                last = piece.end
            }
            try MirrorFile.delta.drop(table.name, in: db)
        }
        let writer = ShapeLogWriter(db: db)
        for shape in entries.touched {
            if entries.repeating.contains(shape), let kept = keptShape(shape) {
                let count = try writer.fold(kept, in: entries.tx)
                withMemory { $0.logLengths[shape, default: 0] -= count }
            }
            try writer.endTransaction(entries.tx, of: shape)
        }
    }

    private func takePiece(
        _ changes: [RowChange], _ catalogue: DatabaseSchema, _ committedAt: Int64,
        in entries: inout TransactionEntries, _ db: Database
    ) throws {
        let source = MirrorSource(db: db, schema: catalogue)
        guard let step = try step(changes, committedAt: committedAt, source) else { return }
        try log(step, changes, source: source, in: &entries)
        try Self.store(changes, catalogue, db)
        commit(step)
    }

    private struct Piece {
        var changes: [RowChange] = []
        var bytes = 0
        var end: RowKey
    }

    /// nil: there is no more.
    private static func piece(of table: TableSchema, after key: RowKey?, _ source: MirrorSource) throws -> Piece? {
        let rows = try MirrorFile.delta.scan(table, after: key, limit: pieceRows, bytes: pieceBytes, in: source.db)
        guard let first = rows.first else { return nil }
        var piece = Piece(end: first.key)
        for stored in rows where piece.bytes < pieceBytes {
            piece.end = stored.key
            guard let change = try change(stored, table, source) else { continue }
            piece.changes.append(change)
            piece.bytes += (change.old?.byteCount ?? 0) + (change.new?.byteCount ?? 0)
        }
        return piece
    }

    /// nil: the row came and went, or is what it was.
    private static func change(_ next: StoredRow, _ table: TableSchema, _ source: MirrorSource) throws -> RowChange? {
        let old = try source.stored(next.key, of: table.name)
        let new = next.extras[2] != 0 ? nil : next.row
        let said = MirrorSource.clock(next)
        let before = old.map(MirrorSource.clock)
        let clock = said == MirrorFile.unsaidClock ? before ?? .zero : said
        if old?.row == new, clock == before || new == nil { return nil }
        return RowChange(table: table.name, key: next.key, old: old?.row, new: new, clock: clock)
    }
}
