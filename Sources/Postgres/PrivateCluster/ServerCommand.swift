import Glibc

/// Runs a program of the PostgreSQL installation to its end.
///
/// It gets its own session, so that Ctrl-C in our terminal does not reach the server it may start; an empty
/// standard input; none of our open files; default signal handling; and a small fixed environment, so that
/// `PGDATA` and the like have no say.
struct ServerCommand {
    let program: String
    let arguments: [String]
    /// The account to run as. nil: ours.
    let account: ServerAccount?

    /// What it printed on both outputs. Throws `.clusterFailed` with that text when it fails.
    @discardableResult
    func run() throws(PostgresError) -> String {
        let command = [program] + arguments
        // From /, because the account may not be able to enter the directory that we were started in.
        let words = ["/usr/bin/env", "--chdir=/"] + (account?.prefix ?? []) + command
        // No pipe: only a socket pair can be close-on-exec from birth, and a server that another thread
        // starts at this moment would keep our end open for as long as it runs.
        var ends: [Int32] = [-1, -1]
        let kind = Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue)
        guard socketpair(AF_UNIX, kind, 0, &ends) == 0 else {
            throw Self.failure(program, "socketpair", errno)
        }
        let (readEnd, writeEnd) = (ends[0], ends[1])
        defer { Glibc.close(readEnd) }
        let spawned = Self.spawn(words, output: writeEnd)
        Glibc.close(writeEnd)
        let process: pid_t
        switch spawned {
        case .success(let id): process = id
        case .failure(let error): throw Self.failure(words[0], "start", error.number)
        }
        let output = Self.readToEnd(readEnd)
        var status: Int32 = 0
        while waitpid(process, &status, 0) == -1, errno == EINTR {}
        guard status == 0 else {
            throw PostgresError(.clusterFailed, "\(program) failed: \(Self.oneLine(output))")
        }
        return output
    }

    /// `POSIX_SPAWN_SETSID`, which glibc's headers show to `_GNU_SOURCE` only.
    private static let newSession: Int32 = 0x80

    private struct SystemError: Error { let number: Int32 }

    private static func spawn(_ words: [String], output: Int32) -> Result<pid_t, SystemError> {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_adddup2(&actions, output, 1)
        posix_spawn_file_actions_adddup2(&actions, output, 2)
        for file in FileSystem.entries(of: "/proc/self/fd").compactMap({ Int32($0) }) where file > 2 {
            posix_spawn_file_actions_addclose(&actions, file)
        }

        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var signals = sigset_t()
        sigemptyset(&signals)
        posix_spawnattr_setsigmask(&attributes, &signals)
        sigfillset(&signals)
        posix_spawnattr_setsigdefault(&attributes, &signals)
        let flags = newSession | Int32(POSIX_SPAWN_SETSIGMASK) | Int32(POSIX_SPAWN_SETSIGDEF)
        posix_spawnattr_setflags(&attributes, Int16(flags))

        let arguments: [UnsafeMutablePointer<CChar>?] = words.map { strdup($0) }
        let environment: [UnsafeMutablePointer<CChar>?] = [strdup("PATH=/usr/bin:/bin"), strdup("LC_ALL=C")]
        defer { (arguments + environment).forEach { free($0) } }
        var process: pid_t = 0
        let error = posix_spawn(
            &process, words[0], &actions, &attributes, arguments + [nil], environment + [nil])
        return error == 0 ? .success(process) : .failure(SystemError(number: error))
    }

    private static func readToEnd(_ file: Int32) -> String {
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 4096)
        while true {
            let count = read(file, &buffer, buffer.count)
            if count > 0 {
                bytes += buffer[..<count]
            } else if count == 0 || errno != EINTR {
                return String(decoding: bytes, as: UTF8.self)
            }
        }
    }

    private static func failure(_ program: String, _ step: String, _ number: Int32) -> PostgresError {
        PostgresError(.clusterFailed, "\(program): \(step) failed: \(String(cString: strerror(number)))")
    }

    /// The last lines, which is where these programs say what went wrong.
    static func oneLine(_ output: String) -> String {
        output.split(separator: "\n").suffix(8).joined(separator: " ")
    }
}
