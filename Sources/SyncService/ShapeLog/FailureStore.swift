import GRDB
import JSONText
import ShapeEngine
import SyncModel

/// Rows that shapes leave out because their conditions fail, in the mirror's file. They are not part of the logs: a
/// reader is told how many there are now.
///
/// While a snapshot is being written, transactions that come after it are at work already: what they say of a row
/// stands, whatever the snapshot finds. So that it is known, they leave a NULL for a row that ceased to fail.
struct FailureStore {
    let db: Database

    /// What a transaction did. `before`: how many there were.
    func take(_ changes: [FailureChange], of shape: Int64, before: Int) throws -> ShapeFailures {
        let isWhole = try ShapeLogReader(db: db).chunkCount(of: shape) != nil
        var count = before
        for change in changes {
            let place: StatementArguments = [shape, change.table.description, change.key.description]
            let known = try String.fetchOne(
                db.cachedStatement(
                    sql: """
                        SELECT message FROM failure WHERE shape = ? AND relation = ? AND key = ? AND message IS NOT NULL
                        """), arguments: place)
            if change.message == nil, isWhole {
                try db.cachedStatement(sql: "DELETE FROM failure WHERE shape = ? AND relation = ? AND key = ?")
                    .execute(arguments: place)
            } else {
                try db.cachedStatement(
                    sql: "INSERT OR REPLACE INTO failure (shape, relation, key, message) VALUES (?, ?, ?, ?)"
                ).execute(arguments: place + [change.message])
            }
            count += (change.message == nil ? 0 : 1) - (known == nil ? 0 : 1)
        }
        return try summary(of: shape, count: count)
    }

    /// What the snapshot found.
    func insert(_ failures: [ConditionFailure], of shape: Int64) throws {
        let statement = try db.cachedStatement(
            sql: "INSERT OR IGNORE INTO failure (shape, relation, key, message) VALUES (?, ?, ?, ?)")
        for failure in failures {
            try statement.execute(arguments: [
                shape, failure.table.description, failure.key.description, failure.message,
            ])
        }
    }

    /// The snapshot is whole.
    func settle(_ shape: Int64) throws -> ShapeFailures {
        try db.execute(sql: "DELETE FROM failure WHERE shape = ? AND message IS NULL", arguments: [shape])
        return try summary(of: shape, count: count(of: shape))
    }

    /// By shape; those that have none are left out.
    func summaries() throws -> [Int64: ShapeFailures] {
        var summaries: [Int64: ShapeFailures] = [:]
        let shapes = try Int64.fetchAll(db, sql: "SELECT DISTINCT shape FROM failure WHERE message IS NOT NULL")
        for shape in shapes { summaries[shape] = try summary(of: shape, count: count(of: shape)) }
        return summaries
    }

    private func count(of shape: Int64) throws -> Int {
        try Int.fetchOne(
            db, sql: "SELECT count(*) FROM failure WHERE shape = ? AND message IS NOT NULL", arguments: [shape]) ?? 0
    }

    private func summary(of shape: Int64, count: Int) throws -> ShapeFailures {
        let row = try GRDB.Row.fetchOne(
            db.cachedStatement(
                sql: """
                    SELECT relation, key, message FROM failure WHERE shape = ? AND message IS NOT NULL
                    ORDER BY relation, key LIMIT 1
                    """), arguments: [shape])
        guard let row, count > 0 else { return .none }
        let first = ConditionFailure(
            table: TableName(row["relation"] as String), key: RowKey(text: Text(row["key"] as String)),
            message: row["message"])
        let content: JSON = [
            .int(Int64(count)), .string(first.table.description), .string(first.key.description),
            .string(first.message),
        ]
        return ShapeFailures(count: count, first: first, tag: Checksum.text(Array(content.text.utf8)))
    }
}
