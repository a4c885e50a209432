import Foundation
import JSONRPC
import JSONRPCTransport
import Logging
import NIOCore
import NIOPosix
import Replica
import SyncClient
import SyncModel
import Synchronization

@testable import Daemon
@testable import TranscriptTesting

/// A fresh directory, removed at the end of the test.
final class TestDirectory: Sendable {
    let path: String

    init() {
        path = "/tmp/satchel-daemon-tests-\(UUID().uuidString.prefix(8))"
        mkdir(path, 0o700)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    /// Makes a replica there that knows the table, as if the service had been reached once.
    func learnSchema() throws {
        let location = Replica.Location.file(
            path: "\(path)/\(OpenedReplica.fileName)", instance: try Replica.instance(ofDirectory: path))
        let replica = try Replica(location: location, newReplicaID: ReplicaID("test"))
        _ = try replica.adopt(schema: FakeService.schema, dataModel: nil)
    }
}

/// A daemon inside the test's process, on a service of the test's own.
final class TestDaemon: Sendable {
    let daemon: Daemon
    let service: FakeService
    private let group: MultiThreadedEventLoopGroup
    private let server = Mutex<UnixSocketServer?>(nil)
    private let clock: Mutex<Int64>

    static func start(
        _ directory: TestDirectory?, service: FakeService = FakeService(), problem: Reason? = nil,
        limits: ReplicaLimits = ReplicaLimits(), identity: Identity = .user("ana"), tokenFile: String? = nil,
        idleExit: Int? = nil
    ) async throws -> TestDaemon {
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let clock = Ticks()
        let surroundings = DaemonSurroundings(
            now: { HybridTimestamp(microseconds: clock.next()) }, random: { 7 },
            newOperationID: { OperationID("op-\(clock.next())") }, port: service,
            credentials: Credentials(identity, tokenFile: tokenFile),
            logger: Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() }))
        let settings = DaemonSettings(
            version: "test", instance: "instance", user: "ana", service: "http://fake",
            stateDirectory: directory?.path ?? "", limits: limits, idleExit: idleExit)
        let opening = Daemon.start(settings: settings, surroundings: surroundings, on: group.any()) {
            if let problem {
                return try OpenedReplica.inMemory(problem: problem, limits: limits, newReplicaID: ReplicaID("test"))
            }
            return try OpenedReplica.open(
                stateDirectory: directory?.path ?? "", limits: limits, newReplicaID: ReplicaID("test"))
        }
        return TestDaemon(daemon: try await opening.get(), service: service, group: group)
    }

    private init(daemon: Daemon, service: FakeService, group: MultiThreadedEventLoopGroup) {
        self.daemon = daemon
        self.service = service
        self.group = group
        clock = Mutex(0)
    }

    /// Over a pair of connected sockets, as standard input and output are for a child.
    func client(
        framing: Framing = .newline, configuration: TransportConfiguration = TransportConfiguration()
    ) async throws -> TestClient {
        var ends: [Int32] = [-1, -1]
        socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0, &ends)
        _ = try await StdioConnection.start(
            input: ends[0], output: dup(ends[0]), group: group, configuration: configuration, handler: daemon
        ).get()
        return TestClient(input: ends[1], output: ends[1], framing: framing)
    }

    /// Over a Unix socket.
    func client(socket path: String, framing: Framing = .newline) async throws -> TestClient {
        if server.withLock({ $0 == nil }) {
            let bound = try await UnixSocketServer.bind(path: path, group: group, handler: daemon).get()
            server.withLock { $0 = bound }
        }
        let connection = try LocalSocket.connect(path)
        return TestClient(input: connection, output: connection, framing: framing)
    }

    func end() async throws {
        let server = server.withLock { $0 }
        try await server?.stopAccepting().get()
        try await daemon.end().get()
        try await group.shutdownGracefully()
    }
}

/// Time that passes only when somebody looks.
final class Ticks: Sendable {
    private let last = Mutex<Int64>(1_700_000_000_000_000)

    func next() -> Int64 {
        last.withLock { last in
            last += 1
            return last
        }
    }
}

/// A real `satcheld`.
final class TestProcess {
    let process = Process()
    private let input = Pipe()
    private let output = Pipe()
    private let errors = Pipe()
    let socket: String

    static let program = path(of: "satcheld")

    /// A program of this package, where the tests are built.
    static func path(of name: String) -> String {
        let tests = (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? ""
        let candidates = [tests, CommandLine.arguments[0], Bundle.main.executablePath ?? ""] + CommandLine.arguments
        for path in candidates {
            var folder = URL(fileURLWithPath: path).deletingLastPathComponent()
            for _ in 0..<4 {
                let program = folder.appendingPathComponent(name).path
                if FileManager.default.isExecutableFile(atPath: program) { return program }
                folder.deleteLastPathComponent()
            }
        }
        return ".build/debug/\(name)"
    }

    /// - Parameter fileBlocks: no file grows beyond so many blocks of 512 bytes, as on a full disk.
    init(
        _ command: String, state: String?, socket: String, fileBlocks: Int? = nil,
        service: String = "http://127.0.0.1:1", user: String? = nil,
        tokenFile: String? = nil
    ) throws {
        self.socket = socket
        // Port 1 is nobody's.
        let arguments =
            [
                command, "--socket", socket, "--service", service, "--log-level", "critical",
            ] + (state.map { ["--state", $0] } ?? []) + (user.map { ["--user", $0] } ?? [])
            + (tokenFile.map { ["--token-file", $0] } ?? [])
        if let fileBlocks {
            process.executableURL = URL(fileURLWithPath: "/bin/sh")
            let script = "ulimit -f \(fileBlocks); trap '' XFSZ; exec \"$0\" \"$@\""
            process.arguments = ["-c", script, Self.program] + arguments
        } else {
            process.executableURL = URL(fileURLWithPath: Self.program)
            process.arguments = arguments
        }
        process.standardInput = input
        process.standardOutput = output
        // Little is said at this log level, so that it fits without a reader.
        process.standardError = errors
        try process.run()
    }

    /// All that it said on standard error. Waits for its end.
    func said() -> String { String(decoding: errors.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self) }

    /// The client on standard input and output.
    func stdioClient(framing: Framing = .newline) -> TestClient {
        TestClient(
            input: dup(output.fileHandleForReading.fileDescriptor),
            output: takeInput(), framing: framing)
    }

    func stdioPeer() -> DescriptorPeer {
        DescriptorPeer(input: dup(output.fileHandleForReading.fileDescriptor), output: takeInput())
    }

    func socketPeer() throws -> DescriptorPeer {
        while process.isRunning {
            if let connection = try? LocalSocket.connect(socket) {
                return DescriptorPeer(input: connection, output: connection)
            }
            sched_yield()
        }
        throw TranscriptError("satcheld ended with \(process.terminationStatus)")
    }

    private func takeInput() -> Int32 {
        let copy = dup(input.fileHandleForWriting.fileDescriptor)
        // The client's end is the only one left, so closing it is the end of the input.
        try? input.fileHandleForWriting.close()
        _ = fcntl(copy, F_SETFD, FD_CLOEXEC)
        return copy
    }

    /// Connects as soon as the daemon listens.
    func socketClient(framing: Framing = .newline) throws -> TestClient {
        while process.isRunning {
            if let connection = try? LocalSocket.connect(socket) {
                return TestClient(input: connection, output: connection, framing: framing)
            }
            sched_yield()
        }
        throw TestClient.Failure(description: "satcheld ended with \(process.terminationStatus)")
    }

    /// A test that failed half way leaves nothing behind.
    deinit {
        if process.isRunning { kill(SIGKILL) }
    }

    func kill(_ signal: Int32) { Glibc.kill(process.processIdentifier, signal) }

    func exitStatus() -> Int32 {
        process.waitUntilExit()
        return process.terminationStatus
    }
}
