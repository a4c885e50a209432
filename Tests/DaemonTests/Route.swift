import Glibc
import JSONRPC

@testable import Daemon

/// Every way in which a client can reach a daemon. Each serves the same suite.
enum Route: String, CaseIterable, Sendable {
    /// A daemon in the test's process, over a pair of sockets.
    case pair
    /// The same over a Unix socket.
    case socket
    /// A real process over standard input and output.
    case stdio
    /// A real process over its socket.
    case processSocket

    var framing: Framing {
        switch self {
        case .pair, .stdio: .newline
        case .socket, .processSocket: .contentLength
        }
    }

    /// Runs `body` with a client that has not said anything yet, on a daemon that knows the schema and reaches no
    /// service.
    func withClient(_ body: (TestClient) throws -> Void) async throws {
        let directory = TestDirectory()
        try directory.learnSchema()
        let path = "\(directory.path)/s"
        switch self {
        case .pair, .socket:
            let service = FakeService()
            service.goAway()
            let daemon = try await TestDaemon.start(directory, service: service)
            do {
                let client =
                    self == .pair
                    ? try await daemon.client(framing: framing)
                    : try await daemon.client(socket: path, framing: framing)
                try body(client)
            }
            try await daemon.end()
        case .stdio:
            let process = try TestProcess("stdio", state: directory.path, socket: path)
            do {
                let client = process.stdioClient(framing: framing)
                try body(client)
            }
            // The end of its input is the end of the process.
            guard process.exitStatus() == 0 else { throw TestClient.Failure(description: "satcheld did not end well") }
        case .processSocket:
            let process = try TestProcess("run", state: directory.path, socket: path)
            do {
                let client = try process.socketClient(framing: framing)
                try body(client)
            }
            process.kill(SIGTERM)
            guard process.exitStatus() == 0 else { throw TestClient.Failure(description: "satcheld did not end well") }
        }
    }
}
