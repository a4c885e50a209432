import GRDB
import Shapes
import SyncModel

extension Mirror {
    /// What bounds the logs.
    package struct Retention: Hashable, Sendable {
        /// A shape that nobody asked for so long ends, microseconds.
        package var unused: Int64
        /// A log may have so many entries, or `entriesPerRow` for each row of its snapshot; then its shape starts a
        /// new life. So reading it anew never costs more than what it saves to follow.
        package var entries: Int

        static let entriesPerRow = 4
        /// Seconds; a request may be held for 20 of them.
        package static let leastUnused = 60
        package static let defaultUnused = 86_400

        /// `seconds`: `electric.shapes.shape_cache_ttl`.
        package init(seconds: Int? = nil, entries: Int = 100_000) {
            unused = Int64(max(seconds ?? Self.defaultUnused, Self.leastUnused)) * 1_000_000
            self.entries = entries
        }
    }

    /// Somebody asks for this shape. `now`: microseconds since 1970.
    func used(_ kept: KeptShape, now: Int64) {
        withMemory { $0.uses[kept.id] = now }
    }

    /// Ends the shapes that nobody uses and those whose logs have grown too long, then removes a piece of what
    /// shapes that ended have left behind. True: there is more of it. `now`: microseconds since 1970.
    @discardableResult
    package func tidy(now: Int64, retention: Retention) throws -> Bool {
        try pool.write { db in
            try storeUses(db)
            let ids = try Int64.fetchAll(
                db, sql: "SELECT id FROM shape WHERE used_at < ? AND chunks IS NOT NULL ORDER BY id",
                arguments: [now - retention.unused])
            try end(ids + overgrown(retention, db), db)
        }
        return try pool.write { db in try removePiece(db) }
    }

    private func storeUses(_ db: Database) throws {
        let uses = withMemory { $0.uses }
        let statement = try db.cachedStatement(sql: "UPDATE shape SET used_at = ? WHERE id = ?")
        for id in uses.keys.sorted() { try statement.execute(arguments: [uses[id], id]) }
        withMemory { memory in memory.uses = memory.uses.filter { uses[$0.key] != $0.value } }
    }

    private func overgrown(_ retention: Retention, _ db: Database) throws -> [Int64] {
        let long = withMemory { $0.logLengths.filter { $0.value > retention.entries } }
        return try long.keys.sorted().filter { id in
            let rows = try Int.fetchOne(db, sql: "SELECT rows FROM shape WHERE id = ?", arguments: [id]) ?? 0
            return (long[id] ?? 0) > Retention.entriesPerRow * rows
        }
    }

    private func end(_ ids: [Int64], _ db: Database) throws {
        for id in ids {
            guard let kept = keptShape(id) else { continue }
            try ShapeLogWriter(db: db).retire(kept)
            forget(kept)
            signal.touched(shape: id)
        }
    }

    /// How much one step removes: what takes the writer some ten milliseconds.
    private static let pieceEntries = 5_000

    private func removePiece(_ db: Database) throws -> Bool {
        guard let shape = try Int64.fetchOne(db, sql: "SELECT shape FROM ended LIMIT 1") else {
            return try removeRevokedPiece(db)
        }
        if try Self.removeEntries(of: shape, before: .endOf(tx: UInt64(Int64.max)), db) > 0 { return true }
        try db.execute(
            sql: """
                DELETE FROM failure WHERE shape = ? AND (relation, key) IN (
                    SELECT relation, key FROM failure WHERE shape = ? LIMIT \(Self.pieceEntries))
                """, arguments: [shape, shape])
        if db.changesCount > 0 { return true }
        try db.execute(sql: "DELETE FROM chunk WHERE shape = ?", arguments: [shape])
        try db.execute(sql: "DELETE FROM ended WHERE shape = ?", arguments: [shape])
        return true
    }

    /// A piece of the entries before an offset, and what no other log has. Returns how many.
    static func removeEntries(of shape: Int64, before offset: LogOffset, _ db: Database) throws -> Int {
        let piece =
            "SELECT tx, op FROM entry WHERE shape = ? AND (tx, op) < (?, ?) ORDER BY tx, op LIMIT \(pieceEntries)"
        let (tx, op) = (Int64(clamping: offset.tx), Int64(clamping: offset.op))
        try db.execute(
            sql: """
                DELETE FROM change WHERE id IN (
                    SELECT change FROM entry WHERE shape = ? AND (tx, op) IN (\(piece)))
                AND NOT EXISTS (SELECT 1 FROM entry e WHERE e.change = change.id AND e.shape <> ?)
                """, arguments: [shape, shape, tx, op, shape])
        try db.execute(
            sql: "DELETE FROM entry WHERE shape = ? AND (tx, op) IN (\(piece))", arguments: [shape, shape, tx, op])
        return db.changesCount
    }

    /// Rows of the file, by table, to measure: snapshot chunks, log entries, row changes.
    package func logSizes() throws -> [String: Int] {
        try pool.read { db in
            var sizes: [String: Int] = [:]
            for table in ["chunk", "entry", "change"] {
                sizes[table] = try Int.fetchOne(db, sql: "SELECT count(*) FROM \(table)") ?? 0
            }
            return sizes
        }
    }
}

extension Mirror.Memory {
    mutating func forget(_ kept: KeptShape) {
        shapes.remove(kept)
        uses[kept.id] = nil
        logLengths[kept.id] = nil
        state.conditionFailures[kept.id] = nil
    }
}
