/// The limits that are pipelines of bare tools.
enum Shell {
    /// Runs a shell's command; seconds it took.
    static func seconds(_ bench: Bench, _ command: String, _ arguments: [String]) throws -> Double {
        let watch = Stopwatch()
        try ChildProcess(
            ["/bin/sh", "-c", "set -e; " + command, "sh"] + arguments, log: bench.freshPath("shell.log"),
            janitor: bench.janitor
        ).wait()
        return watch.seconds
    }

    /// Rows per second of `psql \copy … to stdout` piped into `sqlite3 .import`.
    static func copyAndImport(_ bench: Bench, _ database: BenchDatabase) throws -> Double {
        let file = bench.freshPath("import.sqlite")
        defer { Files.remove(file) }
        let seconds = try seconds(
            bench,
            """
            "$1" "$2" "$3"; "$4" -X -q -d "$5" -c '\\copy item to stdout csv' \
            | "$1" "$2" -cmd '.mode csv' '.import /dev/stdin item'
            """,
            [
                try Programs.sqlite(), file, ItemTable.sqliteTable, try Programs.postgres("psql"), database.conninfo,
            ])
        return Double(database.rows) / seconds
    }

    /// Rows per second of `sqlite3 .import` alone, from a file.
    static func importRows(_ bench: Bench, _ database: BenchDatabase) throws -> Double {
        let (rows, file) = (bench.freshPath("rows.csv"), bench.freshPath("import.sqlite"))
        defer {
            Files.remove(rows)
            Files.remove(file)
        }
        _ = try seconds(
            bench, #""$1" -X -q -d "$2" -c '\copy item to stdout csv' >"$3"; "$4" "$5" "$6""#,
            [
                try Programs.postgres("psql"), database.conninfo, rows, try Programs.sqlite(), file,
                ItemTable.sqliteTable,
            ])
        let seconds = try seconds(
            bench, #""$1" "$2" -cmd '.mode csv' ".import $3 item""#, [try Programs.sqlite(), file, rows])
        return Double(database.rows) / seconds
    }

    /// Rows per second of `psql \copy … to stdout`, thrown away.
    static func copyOut(_ bench: Bench, _ database: BenchDatabase) throws -> Double {
        let seconds = try seconds(
            bench, #""$1" -X -q -d "$2" -c '\copy item to stdout' >/dev/null"#,
            [try Programs.postgres("psql"), database.conninfo])
        return Double(database.rows) / seconds
    }
}
