import Foundation
import GRDB
import ShapeEngine
import Shapes
import SyncModel
import TableStore

/// Appending to the shapes' logs, inside the mirror's write transaction.
struct ShapeLogWriter {
    let db: Database

    /// A transaction that came in pieces ends with its last change only.
    func endTransaction(_ tx: UInt64, of shape: Int64) throws {
        try db.execute(
            sql: """
                UPDATE entry SET is_last = NOT is_last WHERE shape = ?1 AND tx = ?2
                AND is_last <> (op = (SELECT max(op) FROM entry WHERE shape = ?1 AND tx = ?2))
                """, arguments: [shape, Int64(tx)])
    }

    struct Numbered: Equatable {
        let op: UInt64
        let change: ShapeChange
        /// Both halves of the key's change are in the shape.
        let isPaired: Bool
    }

    static func numbered(_ changes: [ShapeChange]) -> [Numbered] {
        guard changes.contains(where: { $0.movedFrom != nil }) else {
            return changes.enumerated().map { Numbered(op: 2 * UInt64($0), change: $1, isPaired: false) }
        }
        var inserts: [Place: ShapeChange] = [:]
        for change in changes where change.kind == .insert && change.movedFrom != nil {
            inserts[Place(change.table, change.key)] = change
        }
        var paired: Set<Place> = []
        for change in changes where change.kind == .delete {
            if let target = change.movedTo, inserts[Place(change.table, target)] != nil {
                paired.insert(Place(change.table, target))
            }
        }
        var numbered: [Numbered] = []
        var op: UInt64 = 0
        for change in changes where !(change.kind == .insert && paired.contains(Place(change.table, change.key))) {
            let target = change.kind == .delete ? change.movedTo.map { Place(change.table, $0) } : nil
            let partner = target.flatMap { paired.contains($0) ? inserts[$0] : nil }
            numbered.append(Numbered(op: op, change: change, isPaired: partner != nil))
            if let partner { numbered.append(Numbered(op: op + 1, change: partner, isPaired: true)) }
            op += 2
        }
        return numbered
    }

    struct Place: Hashable {
        let table: TableName
        let key: RowKey

        init(_ table: TableName, _ key: RowKey) {
            self.table = table
            self.key = key
        }
    }

    /// Why the shape ended, for the readers that come after a restart. Old ones are forgotten.
    func note(_ reason: Reason, for handle: ShapeHandle) throws {
        try db.execute(
            sql: "INSERT OR REPLACE INTO reason (handle, code, message) VALUES (?, ?, ?)",
            arguments: [handle.description, reason.code, reason.message])
        try db.execute(
            sql: "DELETE FROM reason WHERE number <= (SELECT max(number) FROM reason) - ?",
            arguments: [BoundedFailures.capacity])
    }

    /// The shape is no more. What it leaves behind may be much, and is removed piece by piece (`Mirror.tidy`).
    func retire(_ kept: KeptShape) throws {
        try db.execute(sql: "DELETE FROM shape WHERE id = ?", arguments: [kept.id])
        try db.execute(sql: "INSERT OR IGNORE INTO ended VALUES (?)", arguments: [kept.id])
    }

    /// What is told up to the floor is told to nobody any more, and nobody finds the shape by its definition.
    func raise(_ floor: LogOffset, of kept: KeptShape) throws {
        try db.execute(
            sql: "UPDATE shape SET floor = ?, identity = 'revoked ' || id WHERE id = ?",
            arguments: [floor.description, kept.id])
    }
}

extension ShapeLogWriter {
    /// What is written for each row of a transaction.
    struct Entries {
        private let db: Database
        private let entry: RowStatement
        private let change: RowStatement

        init(in db: Database) throws {
            self.db = db
            entry = try RowStatement("INSERT INTO entry VALUES (?, ?, ?, ?, ?, ?, ?)", in: db)
            change = try RowStatement(
                """
                INSERT INTO change (tx, xid, relation, key, old, new, version, clock)
                VALUES (?, ?, ?, ?, ?, ?, ?, ?)
                """, in: db)
        }

        /// Appends one transaction's changes to one shape's log.
        ///
        /// Op numbers are a pure function of definition and transaction: the engine's order, two apart, the two halves
        /// of a primary key update next to each other. Of a transaction that comes in pieces, each piece goes on with
        /// the op number that the one before it gives back.
        func append(
            _ changes: [ShapeChange], to kept: KeptShape, tx: UInt64, from first: UInt64 = 0,
            changeIDs: (ShapeChange) throws -> Int64
        ) throws -> UInt64 {
            let ordered = ShapeLogWriter.numbered(changes)
            for (index, item) in ordered.enumerated() {
                let change = item.change
                let partner =
                    change.kind == .delete ? change.movedTo : change.kind == .insert ? change.movedFrom : nil
                let id = try changeIDs(change)
                entry.bind(kept.id, at: 1)
                entry.bind(Int64(tx), at: 2)
                entry.bind(Int64(first + item.op), at: 3)
                entry.bind(id, at: 4)
                entry.bind(change.kind.rawValue, at: 5)
                entry.bind(index == ordered.count - 1 ? 1 : 0, at: 6)
                entry.bind(item.isPaired ? partner?.description : nil, at: 7)
                try entry.run()
            }
            return ordered.last.map { first + $0.op + 2 } ?? first
        }

        /// Stores a row change once for all shapes that show it. A row that only moved in or out, because a parent
        /// did, has the same image on both sides.
        func insert(
            _ known: RowChange?, _ shown: ShapeChange, clock: RowClock?, tx: UInt64, xid: UInt32
        ) throws -> Int64 {
            let texts = RowTexts(
                old: known.map(\.old) ?? shown.old ?? shown.new, new: known.map(\.new) ?? shown.new ?? shown.old)
            change.bind(Int64(tx), at: 1)
            change.bind(Int64(xid), at: 2)
            change.bind(shown.table.description, at: 3)
            change.bind(shown.key.text.string, at: 4)
            change.bind(texts.old, at: 5)
            change.bind(texts.new, at: 6)
            change.bind(clock?.version, at: 7)
            change.bind(clock?.clock.microseconds, at: 8)
            try change.run()
            return db.lastInsertedRowID
        }
    }
}
