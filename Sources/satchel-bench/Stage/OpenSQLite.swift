import Glibc

/// Memory of the bare sqlite3 program with a file open: what idle memory is compared with.
enum OpenSQLite {
    static func rssMB(_ bench: Bench, _ file: String) throws -> Double {
        let process = try ChildProcess(
            [try Programs.sqlite(), "-readonly", file], log: bench.freshPath("sqlite.log"), keepsInput: true,
            janitor: bench.janitor)
        defer { process.stop() }
        try process.write("SELECT 'open', count(*) FROM sqlite_schema;\n")
        let log = process.log
        _ = try Waiting.until(10, "sqlite3", process) { try Files.read(log).contains("open|") ? true : nil }
        return process.rssMB
    }
}
