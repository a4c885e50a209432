import GRDB
import JSONText
import Shapes
import SyncModel

/// The held shapes in the replica's file.
enum ShapeTable {
    static func all(in db: Database) throws -> [HeldRecord] {
        try GRDB.Row.fetchAll(db, sql: "SELECT * FROM shape ORDER BY number").map { row in
            let definition = try ShapeDefinition(json: JSON(parsing: row["definition"] as String))
            var record = HeldRecord(number: row["number"], definition: definition)
            record.handle = (row["handle"] as String?).map { ShapeHandle($0) }
            record.offset = LogOffset(row["shape_offset"] as String) ?? .beforeAll
            record.isLoading = row["is_loading"]
            record.isVisible = row["is_visible"]
            record.hasMore = row["has_more"]
            let code: String? = row["ended_code"]
            record.ended = code.map { Reason(code: $0, message: row["ended_message"] ?? "") }
            record.rowCount = row["row_count"]
            record.heldAt = row["held_at"]
            record.inViewAt = row["in_view_at"]
            record.aheadOf = row["ahead_of"]
            return record
        }
    }

    static func insert(
        _ definition: ShapeDefinition, at time: Int64?, aheadOf: Int64? = nil, in db: Database
    ) throws -> HeldRecord {
        try db.execute(
            sql: """
                INSERT INTO shape (definition, shape_offset, is_loading, is_visible, has_more, row_count, held_at, ahead_of)
                VALUES (?, ?, 1, 0, 1, 0, ?, ?)
                """, arguments: [definition.canonical, LogOffset.beforeAll.description, time, aheadOf])
        var record = HeldRecord(number: db.lastInsertedRowID, definition: definition)
        record.heldAt = time
        record.aheadOf = aheadOf
        return record
    }

    static func update(_ record: HeldRecord, in db: Database) throws {
        try db.cachedStatement(
            sql: """
                UPDATE shape SET handle = ?, shape_offset = ?, is_loading = ?, is_visible = ?, has_more = ?,
                    ended_code = ?, ended_message = ?, row_count = ?, in_view_at = ?
                WHERE number = ?
                """
        ).execute(arguments: [
            record.handle?.description, record.offset.description, record.isLoading, record.isVisible,
            record.hasMore, record.ended?.code, record.ended?.message, record.rowCount, record.inViewAt,
            record.number,
        ])
    }

    static func delete(_ number: Int64, in db: Database) throws {
        try db.execute(sql: "DELETE FROM shape WHERE number = ?", arguments: [number])
    }
}
