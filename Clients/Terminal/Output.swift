import JSONText
import TerminalText

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// Data goes to standard output, talk to standard error.
enum Output {
    static func line(_ text: String) { write(text + "\n", to: STDOUT_FILENO) }

    static func lines(_ lines: [String]) {
        if !lines.isEmpty { write(lines.joined(separator: "\n") + "\n", to: STDOUT_FILENO) }
    }

    static func json(_ json: JSON) { line(json.text) }

    static func raw(_ text: String) { write(text, to: STDOUT_FILENO) }

    static func say(_ text: String) { write(text + "\n", to: STDERR_FILENO) }

    static func sayRaw(_ text: String) { write(text, to: STDERR_FILENO) }

    static func failed(_ failure: CommandFailure) -> Never {
        let style = Style(isTerminal: Terminal.isTerminal(STDERR_FILENO), environment: Environment.current)
        say(style(.bad, "satchel: ") + failure.message)
        if let data = failure.data, CommandLine.arguments.contains("--json") { json(["error": data]) }
        exit(failure.code.rawValue)
    }

    /// As a write would end it that nobody reads: a command that waits has nothing left to do.
    static func leaveUnread() -> Never {
        raise(SIGPIPE)
        exit(CommandStatus.failed.rawValue)
    }

    private static func leave(_ descriptor: Int32, problem: Int32) -> Never {
        // Where nobody reads any more there is nobody to be told.
        if descriptor == STDOUT_FILENO, problem != EPIPE {
            say("satchel: Standard output cannot be written: \(String(cString: strerror(problem))).")
        }
        exit(CommandStatus.failed.rawValue)
    }

    private static func write(_ text: String, to descriptor: Int32) {
        var text = text
        text.withUTF8 { utf8 in
            var rest = UnsafeRawBufferPointer(utf8)
            while let base = rest.baseAddress, !rest.isEmpty {
                #if canImport(Glibc)
                    let written = Glibc.write(descriptor, base, rest.count)
                #else
                    let written = Darwin.write(descriptor, base, rest.count)
                #endif
                if written < 0, errno == EINTR { continue }
                guard written > 0 else { leave(descriptor, problem: errno) }
                rest = UnsafeRawBufferPointer(rebasing: rest[written...])
            }
        }
    }
}

enum Terminal {
    static func isTerminal(_ descriptor: Int32) -> Bool { isatty(descriptor) == 1 }

    /// nil where standard output is no terminal.
    static var size: (width: Int, height: Int)? {
        var size = winsize()
        guard isTerminal(STDOUT_FILENO), ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0
        else {
            return nil
        }
        return (Int(size.ws_col), Int(size.ws_row))
    }

    static var style: Style {
        Style(isTerminal: isTerminal(STDOUT_FILENO), environment: Environment.current)
    }

    static let hideCursor = "\u{1b}[?25l"
    static let showCursor = "\u{1b}[?25h"

    static func leaveAfterSignal() -> Never {
        if isTerminal(STDOUT_FILENO) {
            // No String here: its memory may be in the middle of a change.
            let bytes: StaticString = "\u{1b}[?25h\n"
            _ = write(STDOUT_FILENO, bytes.utf8Start, bytes.utf8CodeUnitCount)
        }
        _exit(CommandStatus.interrupted.rawValue)
    }
}

enum Environment {
    /// The variables that this program looks at.
    static var current: [String: String] {
        let names = [
            "SATCHEL_SOCKET", "SATCHEL_AUTOSTART", "XDG_RUNTIME_DIR", "XDG_STATE_HOME", "TMPDIR", "HOME",
            "NO_COLOR",
            "CLICOLOR_FORCE", "TERM", "LC_ALL", "LC_CTYPE", "LANG",
        ]
        var values: [String: String] = [:]
        for name in names {
            if let value = getenv(name) { values[name] = String(cString: value) }
        }
        return values
    }
}

enum SystemClock {
    /// Microseconds since 1970.
    static var now: Int64 {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Int64(time.tv_sec) * 1_000_000 + Int64(time.tv_nsec) / 1_000
    }

    /// Milliseconds that only go forwards.
    static var milliseconds: Int64 {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return Int64(time.tv_sec) * 1_000 + Int64(time.tv_nsec) / 1_000_000
    }

    static func sleep(milliseconds: Int) {
        usleep(UInt32(milliseconds) * 1_000)
    }
}
