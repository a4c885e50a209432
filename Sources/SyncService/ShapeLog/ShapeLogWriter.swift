import Foundation
import GRDB
import ShapeEngine
import Shapes
import SyncModel

/// Appending to the shapes' logs, inside the mirror's write transaction.
struct ShapeLogWriter {
    let db: Database

    /// Appends one transaction's changes to one shape's log.
    ///
    /// Op numbers are a pure function of definition and transaction: the engine's order, two apart, the two halves
    /// of a primary key update next to each other.
    func append(
        _ changes: [ShapeChange], to kept: KeptShape, tx: UInt64, changeIDs: (ShapeChange) throws -> Int64
    ) throws {
        let ordered = Self.numbered(changes)
        let statement = try db.cachedStatement(sql: "INSERT INTO entry VALUES (?, ?, ?, ?, ?, ?, ?)")
        for (index, item) in ordered.enumerated() {
            let change = item.change
            let partner = change.kind == .delete ? change.movedTo : change.kind == .insert ? change.movedFrom : nil
            try statement.execute(arguments: [
                kept.id, Int64(tx), Int64(item.op), try changeIDs(change), change.kind.rawValue,
                index == ordered.count - 1, item.isPaired ? partner?.description : nil,
            ])
        }
    }

    struct Numbered: Equatable {
        let op: UInt64
        let change: ShapeChange
        /// Both halves of the key's change are in the shape.
        let isPaired: Bool
    }

    static func numbered(_ changes: [ShapeChange]) -> [Numbered] {
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

    /// Stores a row change once for all shapes that show it. A row that only moved in or out, because a parent
    /// did, has the same image on both sides.
    func insert(_ change: RowChange?, _ shown: ShapeChange, clock: RowClock?, tx: UInt64, xid: UInt32) throws -> Int64 {
        let old = change.map(\.old) ?? shown.old ?? shown.new
        let new = change.map(\.new) ?? shown.new ?? shown.old
        let statement = try db.cachedStatement(
            sql: """
                INSERT INTO change (tx, xid, relation, key, old, new, version, clock) VALUES (?, ?, ?, ?, ?, ?, ?, ?)
                """)
        try statement.execute(arguments: [
            Int64(tx), Int64(xid), shown.table.description, shown.key.description, old.map(RowText.encode),
            new.map(RowText.encode), clock?.version, clock?.clock.microseconds,
        ])
        return db.lastInsertedRowID
    }

    /// The shape is no more. What it leaves behind may be much, and is removed piece by piece (`Mirror.tidy`).
    func retire(_ kept: KeptShape) throws {
        try db.execute(sql: "DELETE FROM shape WHERE id = ?", arguments: [kept.id])
        try db.execute(sql: "INSERT OR IGNORE INTO ended VALUES (?)", arguments: [kept.id])
    }
}
