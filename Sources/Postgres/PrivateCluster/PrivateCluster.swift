import CLibpq
import Glibc

/// A PostgreSQL cluster of our own, from the installed Debian package, in one directory:
///
/// | path | what |
/// |---|---|
/// | `data/` | the cluster; its `satchel.conf` is written at each start (`ALTER SYSTEM` overrides it) |
/// | `.s.PGSQL.5432` | the only way in: a Unix socket, trusted because only we can enter the directory |
/// | `postgres.log` | what the server says; moved to `postgres.log.old` at a start past 10 MB |
/// | `lock` | held while starting and stopping |
///
/// The server outlives us, and a later `start()` takes it as it is.
package struct PrivateCluster: Sendable {
    package let directory: String
    private let installations: String
    private let settings: [Setting]
    private let isDurable: Bool

    /// The superuser that every connection is made as.
    package static let user = "satchel"

    /// One line of PostgreSQL's configuration.
    package struct Setting: Hashable, Sendable {
        package let name: String
        package let value: String

        package init(_ name: String, _ value: String) {
            self.name = name
            self.value = value
        }
    }

    /// `directory` is absolute and belongs to the cluster alone; its parent MUST exist. `settings` go after
    /// our own. `isDurable: false` gives up surviving a power cut for speed, for tests.
    package init(
        directory: String, settings: [Setting] = [], isDurable: Bool = true,
        installations: String = ServerInstallation.debianRoot
    ) throws(PostgresError) {
        // pg_ctl puts the path between double quotes for a shell, and escapes nothing; to libpq a comma ends
        // a host.
        let forbidden = "\"$`\\,\n\0".unicodeScalars
        guard directory.hasPrefix("/"), !directory.unicodeScalars.contains(where: { forbidden.contains($0) })
        else {
            throw PostgresError(
                .invalidArgument,
                "the directory of a private cluster must be an absolute path without any of \" $ ` \\ ,")
        }
        let socket = "\(directory)/\(Self.socketName)"
        guard socket.utf8.count <= Self.maximumSocketPath else {
            throw PostgresError(
                .invalidArgument,
                "\(directory) is too long for a Unix socket (\(socket.utf8.count) bytes with its name, "
                    + "\(Self.maximumSocketPath) are possible): choose a shorter state directory")
        }
        self.directory = directory
        self.settings = settings
        self.isDurable = isDurable
        self.installations = installations
    }

    private static let socketName = ".s.PGSQL.5432"
    /// `sun_path` holds 108 bytes, the last of them NUL.
    private static let maximumSocketPath = 107

    package func connectionString(database: String = "postgres") -> String {
        func quoted(_ text: String) -> String {
            var result = "'"
            for character in text.unicodeScalars {
                if character == "'" || character == "\\" { result += "\\" }
                result.unicodeScalars.append(character)
            }
            return result + "'"
        }
        return "host=\(quoted(directory)) port=5432 user=\(Self.user) dbname=\(quoted(database))"
    }

    /// It answers, or is starting or stopping.
    package var isRunning: Bool { ping != PQPING_NO_RESPONSE }

    /// Creates the cluster if there is none and starts it unless it runs. Returns when it takes connections.
    package func start() throws(PostgresError) {
        let account = try ServerAccount.ifRoot()
        try FileSystem.makeDirectory(directory, mode: 0o700, owner: account)
        try FileSystem.locked("\(directory)/lock") { () throws(PostgresError) in
            if ping == PQPING_OK { return }
            let installation = try create(account)
            try FileSystem.write(configuration, to: "\(data)/satchel.conf", owner: account)
            try launch(installation, account)
        }
    }

    /// Stops it (fast: open transactions are rolled back). One that does not run is fine.
    package func stop() throws(PostgresError) {
        guard FileSystem.exists(data) else { return }
        let account = try ServerAccount.ifRoot()
        try FileSystem.locked("\(directory)/lock") { () throws(PostgresError) in
            removeStalePIDFile(account)
            guard FileSystem.exists("\(data)/postmaster.pid") else { return }
            do throws(PostgresError) {
                let arguments = ["stop", "-D", data, "-m", "fast", "-w", "-t", "60", "-s"]
                try control(ServerInstallation.version(version(), in: installations), arguments, account)
            } catch {
                // It has ended by itself meanwhile.
                if isRunning { throw error }
            }
        }
    }

    package func restart() throws(PostgresError) {
        try stop()
        try start()
    }
}

// MARK: - Steps

extension PrivateCluster {
    private var data: String { "\(directory)/data" }
    private var log: String { "\(directory)/postgres.log" }
    private var ping: PGPing { PQping(connectionString() + " connect_timeout=5") }

    /// The installation that the data directory is of, which is made first where there is none.
    private func create(_ account: ServerAccount?) throws(PostgresError) -> ServerInstallation {
        if FileSystem.exists(data) { return try .version(version(), in: installations) }
        let installation = try ServerInstallation.newest(in: installations)
        // Made under another name first: what a killed initdb leaves behind is never taken for a cluster.
        let unfinished = data + ".new"
        try FileSystem.removeTree(unfinished)
        var arguments = [
            "-D", unfinished, "-U", Self.user, "--encoding=UTF8", "--locale=C.UTF-8", "--auth-local=trust",
            "--auth-host=reject", "--no-instructions",
        ]
        if !isDurable { arguments.append("--no-sync") }
        do throws(PostgresError) {
            try ServerCommand(program: installation.program("initdb"), arguments: arguments, account: account)
                .run()
        } catch {
            guard let account else { throw error }
            throw PostgresError(
                error.code, error.message,
                hint: "the account `\(account.name)` must be able to pass every directory above \(directory)")
        }
        try FileSystem.append("\ninclude 'satchel.conf'\n", to: "\(unfinished)/postgresql.conf")
        try FileSystem.write(configuration, to: "\(unfinished)/satchel.conf", owner: account)
        try FileSystem.move(unfinished, to: data)
        return installation
    }

    private func version() throws(PostgresError) -> Int {
        let text = FileSystem.tail(of: "\(data)/PG_VERSION", limit: 16)
        guard let line = text.split(separator: "\n").first, let version = Int(line) else {
            throw PostgresError(
                .clusterFailed,
                "\(data) is no PostgreSQL data directory (PG_VERSION cannot be read): move it away")
        }
        return version
    }

    private func launch(_ installation: ServerInstallation, _ account: ServerAccount?) throws(PostgresError) {
        try rotateLog()
        for _ in 1..<Self.startAttempts {
            removeStalePIDFile(account)
            do throws(PostgresError) {
                return try control(installation, startArguments, account)
            } catch {
                // A server that somebody else started on these files meanwhile is ours too; and the children
                // of a killed server live on for a moment, which a new server refuses to be beside.
                if ping == PQPING_OK { return }
                let said = FileSystem.tail(of: log)
                guard said.contains("still in use") || said.contains("already exists") else { break }
                usleep(100_000)
            }
        }
        do throws(PostgresError) {
            try control(installation, startArguments, account)
        } catch {
            let said = ServerCommand.oneLine(FileSystem.tail(of: log))
            throw PostgresError(error.code, error.message, detail: "\(log) ends: \(said)")
        }
    }

    private static let startAttempts = 50
    private var startArguments: [String] { ["start", "-D", data, "-l", log, "-w", "-t", "120", "-s"] }

    /// PostgreSQL takes any process with the number in its pid file for a server that still runs: another
    /// program after a reboot, or a zombie that nobody reaped. Every real one works in the data directory.
    private func removeStalePIDFile(_ account: ServerAccount?) {
        let path = "\(data)/postmaster.pid"
        guard FileSystem.exists(path), let real = FileSystem.realPath(data) else { return }
        guard FileSystem.hasProcess(in: real, of: account?.userID ?? geteuid()) == false else { return }
        unlink(path)
    }

    private func control(
        _ installation: ServerInstallation, _ arguments: [String], _ account: ServerAccount?
    ) throws(PostgresError) {
        try ServerCommand(program: installation.program("pg_ctl"), arguments: arguments, account: account)
            .run()
    }

    private func rotateLog() throws(PostgresError) {
        var status = stat()
        guard stat(log, &status) == 0, status.st_size > 10_000_000 else { return }
        try FileSystem.move(log, to: log + ".old")
    }

    private var configuration: String {
        var lines = [
            Setting("listen_addresses", ""),
            Setting("unix_socket_directories", "\"\(directory)\""),
            Setting("unix_socket_permissions", "0700"),
            Setting("port", "5432"),
            Setting("wal_level", "logical"),
            Setting("max_wal_senders", "16"),
            Setting("max_replication_slots", "16"),
            Setting("shared_buffers", "128MB"),
            // The schema of the user's name is the service's own: a table that lands there is not served.
            Setting("search_path", "public"),
        ]
        if !isDurable {
            lines += [Setting("fsync", "off"), Setting("full_page_writes", "off")]
        }
        return "# Written by Satchel at each start; ALTER SYSTEM overrides it.\n"
            + (lines + settings).map { setting in
                var value = ""
                for character in setting.value.unicodeScalars {
                    if character == "'" || character == "\\" { value.unicodeScalars.append(character) }
                    value.unicodeScalars.append(character)
                }
                return "\(setting.name) = '\(value)'\n"
            }.joined()
    }
}
