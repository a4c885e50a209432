import GRDBSQLite

/// SQLite with nothing around it: what a durable commit of one row costs on this disk.
final class BareSQLite {
    private var database: OpaquePointer?
    private var insert: OpaquePointer?

    /// A new file; commits are on disk when they return.
    init(_ path: String) throws {
        guard sqlite3_open(path, &database) == SQLITE_OK else { throw BenchError("SQLite cannot make \(path)") }
        let script = """
            PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;
            CREATE TABLE operation (number INTEGER PRIMARY KEY, content TEXT NOT NULL)
            """
        guard sqlite3_exec(database, script, nil, nil, nil) == SQLITE_OK,
            sqlite3_prepare_v2(database, "INSERT INTO operation (content) VALUES (?1)", -1, &insert, nil) == SQLITE_OK
        else { throw failure }
    }

    deinit {
        sqlite3_finalize(insert)
        sqlite3_close(database)
    }

    /// One row, one transaction.
    func commit(_ content: String) throws {
        let bytes = Array(content.utf8)
        // nil: SQLite need not copy what outlives the step.
        let result = bytes.withUnsafeBytes { buffer in
            sqlite3_bind_text(insert, 1, buffer.bindMemory(to: CChar.self).baseAddress, Int32(bytes.count), nil)
            return sqlite3_step(insert)
        }
        guard result == SQLITE_DONE, sqlite3_reset(insert) == SQLITE_OK else { throw failure }
    }

    private var failure: BenchError { BenchError("SQLite: \(String(cString: sqlite3_errmsg(database)))") }
}
