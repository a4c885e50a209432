import ArgumentParser
import DaemonProtocol
import JSONRPC
import TerminalText

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// What every command takes.
struct GlobalOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "The daemon's socket.",
            discussion:
                "Without it $SATCHEL_SOCKET, or the default path, where a daemon is started on demand. SATCHEL_AUTOSTART=1 starts it elsewhere too, 0 never.",
            valueName: "path"))
    var socket: String?

    @Flag(help: "JSON on standard output; one value a line where there are many.")
    var json = false

    func socketPath() throws -> SocketPath { try Self.socketPath(socket) }

    private static func socketPath(_ socket: String?) throws -> SocketPath {
        try SocketPath(option: socket, environment: Environment.current, userID: getuid())
    }

    /// Runs `body` with a connection; the daemon's errors become the command's.
    ///
    /// - Parameter conditions: as they were typed, of which errors may name a place.
    func withDaemon(conditions: [String] = [], _ body: (DaemonConnection) throws -> Void) throws {
        do {
            try Self.withDaemon(socket: socket, body)
        } catch let failure as CommandFailure {
            let message = JoinedConditions(conditions).retold(failure.message)
            throw CommandFailure(failure.code, message, data: failure.data)
        }
    }

    static func withDaemon(socket: String?, _ body: (DaemonConnection) throws -> Void) throws {
        try mappingErrors {
            let launcher = DaemonLauncher(path: try socketPath(socket), environment: Environment.current)
            try body(try launcher.connect())
        }
    }

    static func mappingErrors(_ body: () throws -> Void) throws {
        do {
            try body()
        } catch let error as ResponseError {
            throw CommandFailure(error)
        }
    }
}

/// For commands that show rows which may have to come first.
struct WaitOption: ParsableArguments {
    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "Wait so long for rows that are not here yet; by itself 10000 with a connection, 0 without.",
            valueName: "ms"))
    var wait: Int?

    func validate() throws {
        if let wait, !(0...Limits.wait).contains(wait) {
            throw ValidationError("--wait takes 0 to \(Limits.wait) milliseconds.")
        }
    }
}
