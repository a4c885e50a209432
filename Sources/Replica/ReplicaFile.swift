import GRDB

/// The tables of the replica's file, apart from the synced ones (those are `ReplicaStores`'s).
///
/// The file's `application_id` says that it is a replica, its `user_version` in which format.
enum ReplicaFile {
    /// "SatR" in ASCII.
    static let applicationID = 0x5361_7452
    static let format = 3

    static let tables = """
        CREATE TABLE state (name TEXT PRIMARY KEY, value ANY) STRICT, WITHOUT ROWID;
        CREATE TABLE shape (
            number INTEGER PRIMARY KEY AUTOINCREMENT, definition TEXT NOT NULL, handle TEXT, shape_offset TEXT NOT NULL,
            is_loading INTEGER NOT NULL, is_visible INTEGER NOT NULL, has_more INTEGER NOT NULL, ended_code TEXT,
            ended_message TEXT, row_count INTEGER NOT NULL, held_at INTEGER, in_view_at INTEGER,
            ahead_of INTEGER
        ) STRICT;
        CREATE TABLE membership_set (number INTEGER PRIMARY KEY, shapes TEXT NOT NULL UNIQUE) STRICT;
        CREATE TABLE inbox (
            ordinal INTEGER PRIMARY KEY AUTOINCREMENT, shape INTEGER NOT NULL, tx INTEGER NOT NULL,
            message BLOB NOT NULL
        ) STRICT;
        CREATE INDEX inbox_shape ON inbox (shape);
        CREATE TABLE operation (
            position INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, seq INTEGER, state TEXT NOT NULL,
            is_applied INTEGER NOT NULL, table_name TEXT NOT NULL, row_key TEXT NOT NULL, action TEXT NOT NULL,
            body TEXT NOT NULL, at INTEGER NOT NULL, base INTEGER NOT NULL, group_id TEXT, verdict TEXT, lost TEXT,
            reason_code TEXT, reason_message TEXT, attempts INTEGER NOT NULL, submitted_at INTEGER NOT NULL,
            confirmed_at INTEGER
        ) STRICT;
        CREATE INDEX operation_row ON operation (table_name, row_key) WHERE is_applied = 1;
        CREATE INDEX operation_state ON operation (state, position);
        CREATE INDEX operation_seq ON operation (seq) WHERE seq IS NOT NULL;
        CREATE INDEX operation_confirmed ON operation (confirmed_at) WHERE confirmed_at IS NOT NULL;
        """

    /// Creates the tables in an empty file.
    static func create(in db: Database) throws {
        try db.execute(sql: tables)
        try db.execute(sql: "PRAGMA application_id = \(applicationID); PRAGMA user_version = \(format);")
    }

    /// The file was written by this program, in this format, or is empty.
    static func check(_ db: Database) throws -> Bool {
        let objects = try Int.fetchOne(db, sql: "SELECT count(*) FROM sqlite_master") ?? 0
        if objects == 0 { return false }
        let application = try Int.fetchOne(db, sql: "PRAGMA application_id") ?? 0
        guard application == applicationID else {
            throw ReplicaError(
                .corrupt, "The file is a SQLite database, but no replica: give the daemon another state directory")
        }
        let version = try Int.fetchOne(db, sql: "PRAGMA user_version") ?? 0
        guard version == format else {
            throw ReplicaError(
                .corrupt,
                "The replica has format \(version); this program reads format \(format): use the program that wrote it, or "
                    + "another state directory")
        }
        return true
    }
}

/// Single values of the replica's file.
enum StateName: String {
    case replica, instance, epoch, queueEpoch, schema, dataModel, clock, serviceClock, nextSeq, confirmedSeq, isPaused
    case views, recency
}

extension StateName {
    func text(in db: Database) throws -> String? {
        try String.fetchOne(
            db.cachedStatement(sql: "SELECT value FROM state WHERE name = ?"), arguments: [rawValue])
    }

    func integer(in db: Database) throws -> Int64? {
        try Int64.fetchOne(
            db.cachedStatement(sql: "SELECT value FROM state WHERE name = ?"), arguments: [rawValue])
    }

    func set(_ value: (any DatabaseValueConvertible)?, in db: Database) throws {
        try db.cachedStatement(sql: "INSERT OR REPLACE INTO state (name, value) VALUES (?, ?)")
            .execute(arguments: [rawValue, value])
    }
}
