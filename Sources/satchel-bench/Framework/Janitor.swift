@preconcurrency import Glibc

/// Ends what the bench has started and removes its folder, however the bench ends: a shell waits for the end
/// of a pipe. What was stopped in an orderly way before is known to it as gone.
final class Janitor {
    private let descriptor: Int32

    /// Lines `+ID` and `-ID` of processes come in. The private PostgreSQL has started by itself: its pid file
    /// tells.
    private static let script = """
        trap '' INT TERM HUP
        running=" "
        while read -r line; do
            case "$line" in
                +*) running="$running${line#+} " ;;
                -*) running=$(printf '%s' "$running" | sed "s/ ${line#-} / /") ;;
            esac
        done
        for id in $running; do kill "$id" 2>/dev/null; done
        for file in "$1"/*/data/postmaster.pid; do
            id=$(head -n 1 "$file" 2>/dev/null) && kill -QUIT "$id" 2>/dev/null && running="$running$id "
        done
        for attempt in 1 2 3 4 5 6 7 8 9 10; do
            left=
            for id in $running; do kill -0 "$id" 2>/dev/null && left=$id; done
            [ -n "$left" ] || break
            sleep 0.5
        done
        for id in $running; do kill -9 "$id" 2>/dev/null; done
        rm -rf "$1"
        """

    init(folder: String) throws {
        let pipe = try ClosingPipe()
        defer { close(pipe.readEnd) }
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_adddup2(&actions, pipe.readEnd, 0)
        posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0)
        posix_spawn_file_actions_adddup2(&actions, 1, 2)
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        // Control-C in the terminal must not end it.
        posix_spawnattr_setflags(&attributes, 0x80)
        let words: [UnsafeMutablePointer<CChar>?] = ["sh", "-c", Self.script, "sh", folder]
            .map { (word: String) in strdup(word) }
        defer { words.forEach { free($0) } }
        var child: pid_t = 0
        guard posix_spawn(&child, "/bin/sh", &actions, &attributes, words + [nil], environ) == 0 else {
            close(pipe.writeEnd)
            throw BenchError("/bin/sh cannot be started")
        }
        descriptor = pipe.writeEnd
    }

    func started(_ process: pid_t) { tell("+\(process)\n") }
    func ended(_ process: pid_t) { tell("-\(process)\n") }

    private func tell(_ line: String) {
        let bytes = Array(line.utf8)
        _ = write(descriptor, bytes, bytes.count)
    }
}
