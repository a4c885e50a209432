import Glibc
import Postgres

/// pg_recvlogical on a slot of its own, with the service's publications, its output in a named pipe or a file.
final class LogicalReceiver {
    let process: ChildProcess
    private let input: Int32

    /// `isFile`: nobody reads along.
    init(_ bench: Bench, _ database: BenchDatabase, isFile: Bool = false) throws {
        let slot = bench.fresh("bare")
        let connection = try database.connect()
        defer { connection.close() }
        try connection.query("SELECT pg_create_logical_replication_slot($1, 'pgoutput')", [slot])
        let pipe = bench.freshPath("pipe")
        guard isFile || mkfifo(pipe, 0o600) == 0 else { throw BenchError.system("mkfifo") }
        // Not blocking: the writer of a pipe is not there yet.
        input = open(pipe, O_RDONLY | O_NONBLOCK | O_CLOEXEC | (isFile ? O_CREAT : 0), 0o600)
        guard input >= 0 else { throw BenchError.system("open \(pipe)") }
        process = try ChildProcess(
            [
                try Programs.postgres("pg_recvlogical"), "-d", database.conninfo, "--slot", slot, "--start", "-f", "-",
                "-o", "proto_version=1", "-o", "publication_names=satchel,satchel_tables", "-F", "0",
            ], log: pipe, janitor: bench.janitor)
        _ = try Waiting.until(10, "pg_recvlogical", process) {
            try connection.query("SELECT 1 FROM pg_replication_slots WHERE slot_name = $1 AND active", [slot]).value
        }
    }

    deinit { close(input) }

    /// Waits until something has come, and takes all that is there.
    func waitForBytes() throws {
        var poller = pollfd(fd: input, events: Int16(POLLIN), revents: 0)
        guard poll(&poller, 1, 10_000) == 1 else { throw BenchError("pg_recvlogical writes nothing") }
        var buffer = [UInt8](repeating: 0, count: 64 << 10)
        while read(input, &buffer, buffer.count) > 0 {}
    }

    /// Waits until the server has sent all that is committed now.
    func waitUntilSent(_ connection: PostgresConnection) throws {
        let end = try connection.query("SELECT pg_current_wal_lsn()::text").value
        _ = try Waiting.until(300, "pg_recvlogical", process, pause: 2_000) {
            try connection.query(
                "SELECT 1 FROM pg_stat_replication WHERE application_name = 'pg_recvlogical' AND sent_lsn >= $1::pg_lsn",
                [end]
            ).value
        }
    }

    func stop() { process.stop() }
}
