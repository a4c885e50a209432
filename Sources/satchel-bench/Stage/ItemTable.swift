import Postgres

/// The table that most measures use: `item`, rows of about 240 bytes as text, with a random uuid as key.
struct ItemTable {
    let rows: Int
    /// `bucket` runs from 0 to this, exclusive.
    let buckets: Int
    let seed: UInt64

    static let columns = "id, bucket, name, note, amount, updated_at"

    /// The same table for SQLite, as a user would write it.
    static let sqliteTable = """
        CREATE TABLE item (id TEXT PRIMARY KEY, bucket INTEGER NOT NULL, name TEXT NOT NULL, note TEXT NOT NULL, \
        amount INTEGER NOT NULL, updated_at TEXT NOT NULL) STRICT, WITHOUT ROWID
        """

    func fill(_ database: PostgresConnection) throws {
        try database.execute(
            """
            CREATE TABLE item (
                id uuid PRIMARY KEY, bucket integer NOT NULL, name text NOT NULL, note text NOT NULL,
                amount bigint NOT NULL, updated_at timestamptz NOT NULL);
            INSERT INTO item SELECT md5('\(seed):' || i)::uuid, i % \(buckets), 'item ' || i,
                repeat(md5('note \(seed):' || i), 4), (i::bigint * 7919) % 1000003,
                timestamptz '2025-01-01 00:00:00+00' + i * interval '1 second'
            FROM generate_series(0, \(rows - 1)) i
            """)
        // By itself: it cannot be part of a transaction.
        try database.execute("VACUUM ANALYZE item")
    }

    /// The key of the row with this number.
    static func key(_ number: Int, seed: UInt64, in database: PostgresConnection) throws -> String {
        try database.query("SELECT md5($1)::uuid::text", ["\(seed):\(number)"]).value ?? ""
    }

    /// The keys of the rows from 0 to `count`, exclusive.
    static func keys(_ count: Int, seed: UInt64, in database: PostgresConnection) throws -> [String] {
        try database.query(
            "SELECT md5($1 || i)::uuid::text FROM generate_series(0, $2::int - 1) i", ["\(seed):", "\(count)"]
        ).rows.map { $0[0] ?? "" }
    }
}
