import GRDB
import Postgres
import SyncModel
import TableStore

/// The mirror's one SQLite file: the published tables, the shapes with their snapshots and log, and the
/// position, all changed together.
///
/// | table | holds |
/// |---|---|
/// | `row <schema>.<table>` | the rows (`TableStore`), each with the version and clock of its bookkeeping |
/// | `staged <schema>.<table>` | rows as they were read anew, until the mirror reaches where they stand |
/// | `delta <schema>.<table>` | rows that are about to change, with what they become |
/// | `state` | one row: epoch, catalogue, position, shift, gaps, layout, the transactions it has (`SeenTransactions`), and, while a resync is under way, the tables that wait for it and the frontier that was told |
/// | `published` | which table stood behind each name when the rows were read (`TableIdentity`) |
/// | `shape` | the shapes that are kept: handle, identity, whom they are for, and the transaction their snapshot stands at |
/// | `chunk` | snapshot chunks: immutable, encoded messages, joined by commas |
/// | `change` | each row change of each transaction that some shape shows, once, with both images (`RowText`) |
/// | `entry` | the shapes' logs: (shape, tx, op) → change |
/// | `failure` | rows that a shape leaves out because its condition fails, with the error; while the snapshot is written, NULL for one that ceased to |
/// | `ended` | shapes that are no more, while their chunks and entries are being removed, piece by piece |
/// | `reason` | why the shape of a handle ended, for whoever asks for it next |
/// | `confirmation` | which seq of which replica had come through at which transaction |
///
/// Everything here can be made again from PostgreSQL, so a file of another format version is thrown away.
enum MirrorFile {
    static let formatVersion = 6
    static let readerCount = 8
    static let rows = TableStore(prefix: "row", extras: ["version", "clock"])
    static let staged = TableStore(prefix: "staged", extras: ["version", "clock"])
    /// `gone`: 1 for a row that goes.
    static let delta = TableStore(
        prefix: "delta", extras: ["version", "clock", "gone"], lasting: ["version", "clock"])
    /// In `delta`: the row keeps the clock that it has.
    static let unsaidClock = RowClock(version: -1, clock: HybridTimestamp(microseconds: -1))

    /// `synchronous=NORMAL`: a commit is not an fsync. What PostgreSQL may forget is reported only after
    /// `Mirror.makeDurable`.
    static func open(path: String) throws -> DatabasePool {
        var configuration = Configuration()
        configuration.label = "mirror"
        configuration.maximumReaderCount = readerCount
        // A process that is just ending may still have its last transaction open.
        configuration.busyMode = .timeout(10)
        configuration.prepareDatabase { db in
            // A page that many transactions change is copied into the file once for all of them.
            try db.execute(
                sql: """
                    PRAGMA synchronous = NORMAL; PRAGMA cache_size = -32000; PRAGMA secure_delete = OFF;
                    PRAGMA wal_autocheckpoint = 4000
                    """)
            TableStore.prepareOrderedReads(db)
        }
        let pool = try DatabasePool(path: path, configuration: configuration)
        try pool.write { db in
            let version = try Int.fetchOne(db, sql: "PRAGMA user_version") ?? 0
            if version != formatVersion { try create(in: db) }
            try dropLeftovers(in: db)
        }
        return pool
    }

    /// What an earlier run was about to take in.
    private static func dropLeftovers(in db: Database) throws {
        let names = try String.fetchAll(
            db,
            sql: """
                SELECT name FROM sqlite_schema
                WHERE type = 'table' AND (name GLOB 'staged *' OR name GLOB 'delta *')
                """)
        for name in names { try db.execute(sql: "DROP TABLE \(name.quotedDatabaseIdentifier)") }
    }

    private static func create(in db: Database) throws {
        let names = try String.fetchAll(
            db, sql: "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")
        for name in names { try db.execute(sql: "DROP TABLE \(name.quotedDatabaseIdentifier)") }
        try db.execute(sql: schema)
        try db.execute(sql: "PRAGMA user_version = \(formatVersion)")
    }

    static func identities(in db: Database) throws -> [TableName: TableIdentity] {
        var identities: [TableName: TableIdentity] = [:]
        for row in try GRDB.Row.fetchAll(db, sql: "SELECT relation, identity FROM published") {
            identities[TableName(row["relation"] as String)] = TableIdentity(row["identity"] as String)
        }
        return identities
    }

    static func replace(_ identities: [TableName: TableIdentity], in db: Database) throws {
        try db.execute(sql: "DELETE FROM published")
        for name in identities.keys.sorted() {
            try db.execute(
                sql: "INSERT INTO published VALUES (?, ?)", arguments: [name.description, identities[name]?.text])
        }
    }

    private static let schema = """
        CREATE TABLE state (
            id INTEGER PRIMARY KEY CHECK (id = 1),
            epoch TEXT NOT NULL, catalogue TEXT NOT NULL,
            position INTEGER NOT NULL, resume INTEGER NOT NULL, shift INTEGER NOT NULL,
            seen TEXT NOT NULL, committed_at INTEGER NOT NULL, gaps TEXT NOT NULL, layout INTEGER NOT NULL,
            unsettled TEXT) STRICT;
        CREATE TABLE published (relation TEXT PRIMARY KEY, identity TEXT NOT NULL) STRICT, WITHOUT ROWID;
        CREATE TABLE shape (
            id INTEGER PRIMARY KEY AUTOINCREMENT, handle TEXT NOT NULL UNIQUE, identity TEXT NOT NULL UNIQUE,
            form TEXT NOT NULL, definition TEXT NOT NULL, grant TEXT NOT NULL, floor TEXT, snapshot_tx INTEGER NOT NULL,
            chunks INTEGER, rows INTEGER NOT NULL DEFAULT 0, used_at INTEGER NOT NULL) STRICT;
        CREATE TABLE chunk (
            shape INTEGER NOT NULL, number INTEGER NOT NULL, body BLOB NOT NULL,
            PRIMARY KEY (shape, number)) STRICT;
        CREATE TABLE change (
            id INTEGER PRIMARY KEY, tx INTEGER NOT NULL, xid INTEGER NOT NULL, relation TEXT NOT NULL,
            key TEXT NOT NULL, old TEXT, new TEXT, version INTEGER, clock INTEGER) STRICT;
        CREATE TABLE entry (
            shape INTEGER NOT NULL, tx INTEGER NOT NULL, op INTEGER NOT NULL, change INTEGER NOT NULL,
            kind TEXT NOT NULL, is_last INTEGER NOT NULL, partner TEXT,
            PRIMARY KEY (shape, tx, op)) STRICT, WITHOUT ROWID;
        CREATE INDEX entry_change ON entry (change);
        CREATE TABLE failure (
            shape INTEGER NOT NULL, relation TEXT NOT NULL, key TEXT NOT NULL, message TEXT,
            PRIMARY KEY (shape, relation, key)) STRICT, WITHOUT ROWID;
        CREATE TABLE ended (shape INTEGER PRIMARY KEY) STRICT;
        CREATE TABLE reason (
            number INTEGER PRIMARY KEY AUTOINCREMENT, handle TEXT NOT NULL UNIQUE, code TEXT NOT NULL,
            message TEXT NOT NULL) STRICT;
        CREATE TABLE confirmation (
            replica TEXT NOT NULL, tx INTEGER NOT NULL, seq INTEGER NOT NULL,
            PRIMARY KEY (replica, tx)) STRICT, WITHOUT ROWID;
        """
}
