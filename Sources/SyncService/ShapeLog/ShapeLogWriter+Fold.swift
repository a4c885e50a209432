import GRDB
import Shapes
import SyncModel

/// What a stretch of a log that nobody was told of comes to, told as one transaction.
///
/// On the way the shape may have been decided on rows that are half of the truth: those of tables that wait to be
/// compared, or of a large transaction that is taken in piece by piece. Only what it comes to at the end is so: nobody
/// is told of a row that came and went, nor of what one was in between.
extension ShapeLogWriter {
    /// The shape's entries after `told` become entries of `tx`, in their order. Returns the next op number there.
    func moveEntries(of shape: Int64, after told: UInt64, to tx: UInt64) throws -> UInt64 {
        let into = Int64(tx)
        // Those that are there already come last; until then they are out of the way.
        try db.execute(sql: "UPDATE entry SET op = -1 - op WHERE shape = ? AND tx = ?", arguments: [shape, into])
        var next: Int64 = 0
        while let from = try transaction(of: shape, after: Int64(told)), from < into {
            try db.execute(
                sql: "UPDATE entry SET tx = ?, op = op + ? WHERE shape = ? AND tx = ?",
                arguments: [into, next, shape, from])
            next = try nextOp(of: shape, in: into)
        }
        try db.execute(
            sql: "UPDATE entry SET op = ? - op - 1 WHERE shape = ? AND tx = ? AND op < 0",
            arguments: [next, shape, into])
        return UInt64(try nextOp(of: shape, in: into))
    }

    private func transaction(of shape: Int64, after tx: Int64) throws -> Int64? {
        try Int64.fetchOne(
            db, ShapeLogReader.query("SELECT min(tx) FROM entry WHERE shape = ? AND tx > ?", [shape, tx]))
    }

    private func nextOp(of shape: Int64, in tx: Int64) throws -> Int64 {
        let last = try Int64.fetchOne(
            db, ShapeLogReader.query("SELECT max(op) FROM entry WHERE shape = ? AND tx = ? AND op >= 0", [shape, tx]))
        return last.map { $0 + 2 } ?? 0
    }

    /// Of several entries of one row in one transaction, one is left that says what they come to, or none. Returns how
    /// many are gone.
    func fold(_ kept: KeptShape, in tx: UInt64) throws -> Int {
        var count = 0
        while true {
            let repeated = try String.fetchAll(
                db,
                sql: """
                    SELECT group_concat(e.op) FROM entry e JOIN change c ON c.id = e.change
                    WHERE e.shape = ? AND e.tx = ? GROUP BY c.relation, c.key HAVING count(*) > 1
                    LIMIT \(Self.foldedAtOnce)
                    """, arguments: [kept.id, Int64(tx)])
            if repeated.isEmpty { return count }
            for ops in repeated { count += try fold(ops.split(separator: ",").compactMap { Int64($0) }, kept, tx) }
        }
    }

    private static let foldedAtOnce = 10_000

    private struct Entry {
        let op: Int64
        let change: Int64
        let kind: ShapeMessage.Kind?
    }

    private func fold(_ ops: [Int64], _ kept: KeptShape, _ tx: UInt64) throws -> Int {
        let entries = try ops.sorted().map { op in
            let row = try GRDB.Row.fetchOne(
                db,
                ShapeLogReader.query(
                    "SELECT change, kind FROM entry WHERE shape = ? AND tx = ? AND op = ?", [kept.id, Int64(tx), op]))
            return Entry(op: op, change: row?["change"] ?? 0, kind: (row?["kind"]).flatMap(ShapeMessage.Kind.init))
        }
        guard let first = entries.first, let last = entries.last else { return 0 }
        let kind: ShapeMessage.Kind? =
            switch (first.kind == .insert, last.kind == .delete) {
            case (true, true): nil
            case (true, false): .insert
            case (false, true): .delete
            case (false, false): .update
            }
        for entry in entries {
            try db.execute(
                sql: "DELETE FROM entry WHERE shape = ? AND tx = ? AND op = ?",
                arguments: [kept.id, Int64(tx), entry.op])
        }
        var isTold = false
        if let kind, let change = try join(first.change, last.change, as: kind, kept, tx) {
            try db.execute(
                sql: "INSERT INTO entry VALUES (?, ?, ?, ?, ?, 0, NULL)",
                arguments: [kept.id, Int64(tx), last.op, change, kind.rawValue])
            isTold = true
        }
        for entry in entries {
            try db.execute(
                sql: "DELETE FROM change WHERE id = ?1 AND NOT EXISTS (SELECT 1 FROM entry WHERE change = ?1)",
                arguments: [entry.change])
        }
        return entries.count - (isTold ? 1 : 0)
    }

    /// A change from what was before the first to what is after the last. nil: there is nothing to tell.
    private func join(
        _ first: Int64, _ last: Int64, as kind: ShapeMessage.Kind, _ kept: KeptShape, _ tx: UInt64
    ) throws -> Int64? {
        if kind == .insert { return last }
        let old = try images(of: first).old
        let new = kind == .delete ? nil : try images(of: last).new
        if kind == .update, kept.form != .stream, try isSame(old, new, last, kept) { return nil }
        let texts = RowTexts(old: old, new: new)
        try db.cachedStatement(
            sql: """
                INSERT INTO change (tx, xid, relation, key, old, new, version, clock)
                SELECT ?, xid, relation, key, ?, ?, version, clock FROM change WHERE id = ?
                """
        ).execute(arguments: [Int64(tx), texts.old, texts.new, last])
        return db.lastInsertedRowID
    }

    private func images(of change: Int64) throws -> (old: SyncModel.Row?, new: SyncModel.Row?) {
        let row = try GRDB.Row.fetchOne(db, ShapeLogReader.query("SELECT old, new FROM change WHERE id = ?", [change]))
        return try RowTexts(old: row?["old"], new: row?["new"]).rows()
    }

    /// What the shape shows of the row is what it was; then a device takes the clock only, and Electric's messages bear
    /// none.
    private func isSame(
        _ old: SyncModel.Row?, _ new: SyncModel.Row?, _ change: Int64, _ kept: KeptShape
    ) throws -> Bool {
        let query = ShapeLogReader.query("SELECT relation FROM change WHERE id = ?", [change])
        guard let old, let new, let relation = try String.fetchOne(db, query) else { return false }
        let shown = kept.shape.selection(of: TableName(relation))
        return shown.allSatisfy { old.values.count > $0 && new.values.count > $0 && old[$0] == new[$0] }
    }
}
