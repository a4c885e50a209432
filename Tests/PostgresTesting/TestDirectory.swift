import Glibc
import Synchronization

/// The directories of a test process. They are gone, and the servers in them stopped, when the process has
/// ended, however it ended.
enum TestDirectory {
    private static let counter = Atomic<Int>(0)

    static func next() throws -> String {
        let path = "\(try root.get())/\(counter.add(1, ordering: .relaxed).newValue)"
        guard mkdir(path, 0o755) == 0 else { throw TestClusterError(message: "mkdir \(path): \(errno)") }
        return path
    }

    private static let root = Result { () throws -> String in
        var template = Array("/tmp/satchel-test-XXXXXX\0".utf8.map { CChar(bitPattern: $0) })
        guard mkdtemp(&template) != nil else { throw TestClusterError(message: "mkdtemp: \(errno)") }
        let path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        chmod(path, 0o755)
        try watch(path)
        return path
    }

    /// Waits for our end, then stops the servers in the directory and removes it.
    private static let script = """
        read line
        for file in "$1"/*/*/data/postmaster.pid; do
            pid=$(head -n 1 "$file" 2>/dev/null) && kill -QUIT "$pid" 2>/dev/null || continue
            for attempt in 1 2 3 4 5 6 7 8 9 10; do
                kill -0 "$pid" 2>/dev/null || break
                sleep 0.2
            done
        done
        rm -rf "$1"
        """

    /// Starts the script with one end of a socket pair as its input: it closes even when we are killed.
    private static func watch(_ directory: String) throws {
        // Close-on-exec from birth, or a server started meanwhile would keep our end open.
        var ends: [Int32] = [-1, -1]
        let kind = Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue)
        guard socketpair(AF_UNIX, kind, 0, &ends) == 0 else {
            throw TestClusterError(message: "socketpair: \(errno)")
        }
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_adddup2(&actions, ends[0], 0)
        // Not ours: whoever reads our output to its end would wait for the shell.
        posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0)
        posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0)
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        // A session of its own (POSIX_SPAWN_SETSID), so that Ctrl-C ends the tests and not this.
        posix_spawnattr_setflags(&attributes, 0x80)
        let words = ["/bin/sh", "-c", script, "sh", directory]
        let arguments: [UnsafeMutablePointer<CChar>?] = words.map { strdup($0) }
        defer { arguments.forEach { free($0) } }
        var process: pid_t = 0
        let error = posix_spawn(&process, words[0], &actions, &attributes, arguments + [nil], environ)
        close(ends[0])
        // Ours, ends[1], stays open until the process ends.
        guard error == 0 else { throw TestClusterError(message: "posix_spawn: \(error)") }
    }
}
