@preconcurrency import Glibc

/// A process that the bench has started, in a session of its own, output in a file.
final class ChildProcess {
    let id: pid_t
    let name: String
    let log: String
    private let input: Int32?
    private let janitor: Janitor
    private var hasEnded = false

    /// `POSIX_SPAWN_SETSID`, which glibc's headers show to GNU C only.
    private static let ownSession: Int16 = 0x80

    /// `log` is appended to. `keepsInput`: standard input is a pipe that `write` reaches; otherwise it is empty.
    init(
        _ arguments: [String], environment: [String: String] = [:], log: String, keepsInput: Bool = false,
        janitor: Janitor
    ) throws {
        name = String(arguments[0].split(separator: "/").last ?? "")
        self.log = log
        self.janitor = janitor
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        let pipe = keepsInput ? try ClosingPipe() : nil
        if let pipe {
            posix_spawn_file_actions_adddup2(&actions, pipe.readEnd, 0)
        } else {
            posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        }
        posix_spawn_file_actions_addopen(&actions, 1, log, O_WRONLY | O_CREAT | O_APPEND, 0o600)
        posix_spawn_file_actions_adddup2(&actions, 1, 2)
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        posix_spawnattr_setflags(&attributes, Self.ownSession)
        let words: [UnsafeMutablePointer<CChar>?] = arguments.map { strdup($0) }
        let variables = Self.environment(with: environment).map { strdup("\($0.key)=\($0.value)") }
        defer { (words + variables).forEach { free($0) } }
        var child: pid_t = 0
        let failure = posix_spawnp(&child, arguments[0], &actions, &attributes, words + [nil], variables + [nil])
        if let pipe { close(pipe.readEnd) }
        guard failure == 0 else {
            if let pipe { close(pipe.writeEnd) }
            throw BenchError("\(arguments[0]) cannot be started: \(String(cString: strerror(failure)))")
        }
        id = child
        input = pipe?.writeEnd
        janitor.started(id)
    }

    deinit { stop() }

    private static func environment(with added: [String: String]) -> [String: String] {
        var result: [String: String] = [:]
        var next = environ
        while let entry = next.pointee {
            let text = String(cString: entry)
            if let equals = text.firstIndex(of: "=") {
                result[String(text[..<equals])] = String(text[text.index(after: equals)...])
            }
            next += 1
        }
        return result.merging(added) { $1 }
    }

    func write(_ text: String) throws {
        guard let input else { return }
        let bytes = Array(text.utf8)
        guard Glibc.write(input, bytes, bytes.count) == bytes.count else { throw BenchError.system("write to \(name)") }
    }

    /// Waits for the end. Throws unless it was a success.
    func wait() throws {
        var status: Int32 = 0
        while waitpid(id, &status, 0) == -1, errno == EINTR {}
        ended()
        guard status == 0 else { throw BenchError("\(name) failed: \(Files.tail(log))") }
    }

    /// Throws when it has ended already, which a server must not.
    func checkRuns() throws {
        var status: Int32 = 0
        guard !hasEnded, waitpid(id, &status, WNOHANG) == 0 else {
            ended()
            throw BenchError("\(name) has ended: \(Files.tail(log))")
        }
    }

    /// TERM, and KILL after ten seconds.
    /// Stops it in its tracks, until `release`.
    func hold() { kill(id, SIGSTOP) }

    func release() { kill(id, SIGCONT) }

    func stop() {
        guard !hasEnded else { return }
        kill(id, SIGTERM)
        var status: Int32 = 0
        let watch = Stopwatch()
        while waitpid(id, &status, WNOHANG) == 0 {
            if watch.seconds > 10 { kill(id, SIGKILL) }
            usleep(2_000)
        }
        ended()
    }

    private func ended() {
        guard !hasEnded else { return }
        hasEnded = true
        if let input { close(input) }
        janitor.ended(id)
    }
}
