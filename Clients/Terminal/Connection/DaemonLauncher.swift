import DaemonProtocol
import TerminalText

// `environ` is a variable to Swift; nothing here changes the environment.
#if canImport(Glibc)
    @preconcurrency import Glibc
#elseif canImport(Darwin)
    @preconcurrency import Darwin
#endif

/// Connects to this user's daemon, and starts it where nobody listens.
struct DaemonLauncher {
    let path: SocketPath
    let environment: [String: String]

    /// Milliseconds from the start until the socket accepts.
    private static let startTimeout: Int64 = 15_000

    /// `POSIX_SPAWN_SETSID`, which the C library's headers show to GNU C only.
    #if canImport(Glibc)
        private static let ownSession: Int16 = 0x80
    #else
        private static let ownSession: Int16 = 0x400
    #endif

    func connect() throws -> DaemonConnection {
        try checkDirectory()
        return try DaemonConnection(try socket())
    }

    private func socket() throws -> UnixSocket {
        do throws(UnixSocket.Failure) {
            return try UnixSocket(path: path.path)
        } catch {
            guard error.nobodyListens, path.startsDaemon(environment: environment) else {
                throw unreachable(error)
            }
        }
        return try waitForSocket(try start())
    }

    private func unreachable(_ failure: UnixSocket.Failure) -> CommandFailure {
        let advice =
            failure.nobodyListens
            ? StartText.advice(socket: path.path, record: StartRecord(besideSocket: path.path))
            : "Check the path and its rights."
        return CommandFailure(
            .unreachable, "No daemon can be reached at \(path.path) (\(failure.message)). \(advice)")
    }

    /// Somebody else's folder in a place where all may write could hold somebody else's daemon.
    private func checkDirectory() throws {
        guard !path.isExplicit else { return }
        var status = stat()
        guard lstat(path.directory, &status) == 0 else { return }
        guard status.st_mode & S_IFMT == S_IFDIR, status.st_uid == getuid(), status.st_mode & 0o077 == 0
        else {
            throw CommandFailure(
                .unreachable,
                "\(path.directory) must be a folder of yours that nobody else may enter (mode 0700): mend it."
            )
        }
    }

    /// The process id.
    private func start() throws -> pid_t {
        let program = try Self.besideThisProgram("satcheld")
        let log = try logFile()
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0)
        posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, log, O_WRONLY | O_CREAT | O_APPEND, 0o600)
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        // A session of its own: closing the terminal must not end the daemon.
        posix_spawnattr_setflags(&attributes, Self.ownSession)
        // With the state that has the queue, where the last daemon left word of it.
        let record = StartRecord(besideSocket: path.path)
        let arguments = [program] + (record?.arguments(socket: path.path) ?? ["run", "--socket", path.path])
        var pointers = arguments.map { strdup($0) }
        defer { for pointer in pointers { free(pointer) } }
        pointers.append(nil)
        var child: pid_t = 0
        let result = posix_spawn(&child, program, &actions, &attributes, pointers, environ)
        guard result == 0 else {
            throw CommandFailure(
                .unreachable, "\(program) cannot be started: \(String(cString: strerror(result))).")
        }
        return child
    }

    private func waitForSocket(_ child: pid_t) throws -> UnixSocket {
        let deadline = SystemClock.milliseconds + Self.startTimeout
        var pause = 5
        while SystemClock.milliseconds < deadline {
            do throws(UnixSocket.Failure) {
                return try UnixSocket(path: path.path)
            } catch {
                guard error.nobodyListens else { throw unreachable(error) }
            }
            var status: Int32 = 0
            if waitpid(child, &status, WNOHANG) == child {
                // Another one may have won the race for the lock.
                if let socket = try? UnixSocket(path: path.path) { return socket }
                throw CommandFailure(
                    .unreachable, "satcheld ended at once: the reason is in \(try logFile()).")
            }
            SystemClock.sleep(milliseconds: pause)
            pause = min(pause * 2, 200)
        }
        throw CommandFailure(
            .unreachable, "satcheld was started but does not listen at \(path.path): see \(try logFile()).")
    }

    /// `$XDG_STATE_HOME/satchel/satcheld.log`; the folder is made.
    private func logFile() throws -> String {
        let home = environment["HOME"] ?? "/tmp"
        let state =
            environment["XDG_STATE_HOME"].flatMap { $0.hasPrefix("/") ? $0 : nil } ?? "\(home)/.local/state"
        let folder = "\(state)/satchel"
        var made = ""
        for part in folder.split(separator: "/") {
            made += "/\(part)"
            if mkdir(made, 0o700) != 0, errno != EEXIST, errno != EISDIR, errno != EROFS {
                throw CommandFailure(
                    .unreachable, "The folder \(made) for satcheld's log cannot be made: set XDG_STATE_HOME.")
            }
        }
        return "\(folder)/satcheld.log"
    }

    private static func besideThisProgram(_ name: String) throws -> String {
        var buffer = [CChar](repeating: 0, count: 4096)
        let length = readlink("/proc/self/exe", &buffer, buffer.count)
        let bytes = buffer.prefix(max(0, length)).map { UInt8(bitPattern: $0) }
        let own = bytes.isEmpty ? CommandLine.arguments[0] : String(decoding: bytes, as: UTF8.self)
        let folder = own.lastIndex(of: "/").map { own[..<$0] } ?? "."
        let program = "\(folder)/\(name)"
        guard access(program, X_OK) == 0 else {
            throw CommandFailure(
                .unreachable,
                "No daemon runs, and \(program) cannot be started: build or install satcheld there.")
        }
        return program
    }
}
