import DaemonProtocol
import Foundation
import Glibc
import JSONText
import SeededRandom
import Synchronization
import Testing

@testable import Daemon

/// Real processes: what only the kernel can show.
@Suite struct ProcessTests {
    /// Operations that were answered are there after a kill in the middle of them, and none that was not submitted.
    @Test(arguments: [11, 12, 13])
    func answeredOperationsSurviveKill9(_ seed: UInt64) async throws {
        let directory = TestDirectory()
        try directory.learnSchema()
        var generator = SeededGenerator(seed: seed)
        var answered: [String] = []
        var submitted: Set<String> = []
        for round in 0..<3 {
            let process = try TestProcess("run", state: directory.path, socket: "\(directory.path)/s")
            let client = try process.socketClient()
            try client.initialize()
            let listed = try Self.ids(client)
            #expect(Set(answered).isSubset(of: listed), "seed \(seed), round \(round)")
            #expect(Set(listed).isSubset(of: submitted), "seed \(seed), round \(round)")
            // In order: what was submitted earlier stands earlier.
            #expect(listed == listed.sorted { Self.number($0) < Self.number($1) })
            let last = Int.random(in: 5..<200, using: &generator)
            var requests: [(id: String, number: Int64)] = []
            var isKilled = false
            for index in 0..<250 {
                // Twenty are always on their way, so the kill hits some at every stage.
                while requests.count < min(index + 20, 250) {
                    let id = "\(round * 1000 + requests.count)"
                    var operation = OfflineRequestTests.insert(id).object ?? [:]
                    operation["id"] = .string(id)
                    submitted.insert(id)
                    requests.append((id, client.post("operation/submit", ["operations": [.object(operation)]])))
                }
                guard (try? client.answer(to: requests[index].number)) != nil else { break }
                answered.append(requests[index].id)
                if index == last {
                    process.kill(SIGKILL)
                    isKilled = true
                }
            }
            #expect(isKilled)
            _ = process.exitStatus()
        }
        print("seed \(seed): \(submitted.count) submitted, \(answered.count) answered, 3 kills")
        #expect(answered.count >= 15)
        let process = try TestProcess("run", state: directory.path, socket: "\(directory.path)/s")
        let client = try process.socketClient()
        try client.initialize()
        #expect(Set(answered).isSubset(of: try Self.ids(client)), "seed \(seed)")
        _ = try client.call("daemon/stop")
        #expect(process.exitStatus() == 0)
    }

    private static func number(_ id: String) -> Int { Int(id) ?? 0 }

    private static func ids(_ client: TestClient) throws -> [String] {
        try client.call("operation/list", ["limit": 10_000])["operations"]?.array?.compactMap { $0["id"]?.string } ?? []
    }

    /// Who starts it again must name the same state, and nobody learns a secret.
    @Test func aKilledDaemonLeavesHowItWasStarted() throws {
        let directory = TestDirectory()
        let (socket, token) = ("\(directory.path)/s", "\(directory.path)/token")
        try Data("secret-of-ana\n".utf8).write(to: URL(filePath: token))
        try Data("old".utf8).write(to: URL(filePath: "\(socket).json"))
        let process = try TestProcess(
            "run", state: directory.path, socket: socket, user: "ana", tokenFile: token)
        try process.socketClient().initialize()
        process.kill(SIGKILL)
        _ = process.exitStatus()
        let text = try String(contentsOfFile: "\(socket).json", encoding: .utf8)
        let record = try StartRecord(json: JSON(parsing: text))
        #expect(record.state == directory.path && record.user == "ana" && record.tokenFile == token)
        #expect(!text.contains("secret"))
        var status = stat()
        #expect(stat("\(socket).json", &status) == 0 && status.st_mode & 0o777 == 0o600)
    }

    @Test func aSecondDaemonOnTheSameStateIsRefused() async throws {
        let directory = TestDirectory()
        let first = try TestProcess("run", state: directory.path, socket: "\(directory.path)/s")
        let client = try first.socketClient()
        try client.initialize()
        let second = try TestProcess("run", state: directory.path, socket: "\(directory.path)/t")
        #expect(second.exitStatus() == 1)
        let inUse = "satcheld: The state directory \(directory.path) is in use by another satcheld (process "
        #expect(second.said().hasPrefix("\(inUse)\(first.process.processIdentifier)): use that one"))
        // Over stdio a client is joined with the first one, which is not there at this socket.
        let stdio = try TestProcess("stdio", state: directory.path, socket: "\(directory.path)/t")
        #expect(stdio.exitStatus() == 1)
        #expect(stdio.said().contains("and it does not answer at \(directory.path)/t: name its socket with --socket"))
        // Another state, the same socket: it is not taken away.
        let other = TestDirectory()
        let third = try TestProcess("run", state: other.path, socket: "\(directory.path)/s")
        #expect(third.exitStatus() == 1)
        #expect(try client.call("sync/status")["state"] == "offline")
        first.kill(SIGTERM)
        #expect(first.exitStatus() == 0)
        #expect(access("\(directory.path)/s", F_OK) != 0)
        #expect(access("\(directory.path)/daemon.lock", F_OK) == 0)
    }

    /// By its state, or, where it names none, by the socket alone.
    @Test(arguments: [true, false])
    func aSecondClientOnStdioIsConnectedWithTheFirstDaemon(namesState: Bool) async throws {
        let directory = TestDirectory()
        let daemon = try TestProcess("run", state: directory.path, socket: "\(directory.path)/s")
        let direct = try daemon.socketClient()
        try direct.initialize()
        let bridge = try TestProcess(
            "stdio", state: namesState ? directory.path : nil, socket: "\(directory.path)/s", user: "ben")
        do {
            let client = bridge.stdioClient()
            let info = try client.call("initialize")
            #expect(info["instance"] == (try direct.call("daemon/info"))["instance"])
            client.notify("exit")
        }
        #expect(bridge.exitStatus() == 0)
        let said = bridge.said()
        #expect(said.hasPrefix("satcheld: joined the daemon that runs at \(directory.path)/s, which has a service"))
        #expect(said.contains("--service, --user do not count") && said.split(separator: "\n").count == 1)
        #expect(try direct.call("daemon/stop") == [:])
        #expect(daemon.exitStatus() == 0)
    }

    @Test func aWrongConfigurationHasAnExitStatusOfItsOwn() throws {
        let directory = TestDirectory()
        func status(_ arguments: [String], of name: String) throws -> (Int32, String) {
            let process = Process()
            process.executableURL = URL(fileURLWithPath: TestProcess.path(of: name))
            process.arguments = arguments
            let errors = Pipe()
            process.standardError = errors
            try process.run()
            let said = String(decoding: errors.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
            process.waitUntilExit()
            return (process.terminationStatus, said)
        }
        let file = "\(directory.path)/wrong.yaml"
        try "electric:\n  nonsense: 1\n".write(toFile: file)
        let (daemon, service) = ("satcheld", "satchel-service")
        for (arguments, program) in [
            (["run", "--config", file], daemon), (["stdio", "--config", "/nowhere/c.yaml"], daemon),
            (["run", "--state", directory.path, "--service", "nonsense"], daemon),
            (["run", "--state", directory.path, "--token-file", "/nowhere/token"], daemon),
            (["serve", "--config", file], service), (["check", "--config", "/nowhere/c.yaml"], service),
            (["serve", "--state", directory.path, "--model", file], service),
        ] {
            let (code, said) = try status(arguments, of: program)
            #expect(code == 78, "\(program) \(arguments): \(said)")
            #expect(said.split(separator: "\n").count == 1, "\(said)")
        }
        for program in [daemon, service] {
            let (code, said) = try status(["--nonsense"], of: program)
            #expect(code == 2 && said.hasPrefix("\(program): Unknown option"), "\(said)")
        }
        // No database, and nothing wrong with what is written.
        let (code, said) = try status(["check", "--state", directory.path], of: service)
        #expect(code == 1 && said.hasPrefix("satchel-service: "), "\(said)")
    }

    @Test func aStateDirectoryThatCannotBeMadeLeavesTheDaemonOnlineOnly() async throws {
        let directory = TestDirectory()
        try "a file".write(toFile: "\(directory.path)/file")
        let process = try TestProcess("run", state: "\(directory.path)/file/state", socket: "\(directory.path)/s")
        let client = try process.socketClient()
        try client.initialize()
        let status = try client.call("sync/status")
        #expect(status["storage"] == "memory")
        #expect(status["state"] == "error")
        #expect(try client.refusal("operation/submit", ["operations": [OfflineRequestTests.insert("1")]]) == 1006)
        process.kill(SIGINT)
        #expect(process.exitStatus() == 0)
    }

    @Test func aSocketInAFolderOpenToOthersIsRefused() async throws {
        let directory = TestDirectory()
        let open = "\(directory.path)/open"
        mkdir(open, 0o777)
        chmod(open, 0o777)
        let process = try TestProcess("run", state: "\(directory.path)/state", socket: "\(open)/s")
        #expect(process.exitStatus() == 1)
    }

    @Test func aFullDiskRefusesASubmitAndNothingElse() async throws {
        let directory = TestDirectory()
        try directory.learnSchema()
        // 2 MB for each file.
        let process = try TestProcess("run", state: directory.path, socket: "\(directory.path)/s", fileBlocks: 4096)
        let client = try process.socketClient()
        try client.initialize()
        let body = String(repeating: "x", count: 100_000)
        var answered = 0
        var refused = 0
        for number in 0..<60 {
            let code = try client.refusal(
                "operation/submit", ["operations": [OfflineRequestTests.insert("\(number)", body)]])
            if code == nil { answered += 1 } else { refused += 1 }
            #expect(code == nil || code == 1008)
        }
        #expect(answered > 5 && refused > 5, "\(answered) answered, \(refused) refused")
        let status = try client.call("sync/status")
        #expect(status["state"] == "error")
        #expect(status["pending"]?.int.map(Int.init) == answered)
        process.kill(SIGKILL)
        _ = process.exitStatus()
        let next = try TestProcess("run", state: directory.path, socket: "\(directory.path)/s")
        let again = try next.socketClient()
        try again.initialize()
        #expect(try Self.ids(again).count == answered)
        _ = try again.call("operation/submit", ["operations": [OfflineRequestTests.insert("new", body)]])
        next.kill(SIGTERM)
        #expect(next.exitStatus() == 0)
    }

    /// systemd listens, starts the daemon for the first client, and hears when it is ready.
    @Test func aSocketOfSystemdIsTakenOver() async throws {
        let directory = TestDirectory()
        let listener = try Self.bound("\(directory.path)/activated", SOCK_STREAM)
        #expect(listen(listener, 8) == 0)
        let notices = try Self.bound("\(directory.path)/notices", SOCK_DGRAM)
        defer { close(notices) }
        // The client is there before the daemon.
        let connection = try LocalSocket.connect("\(directory.path)/activated")
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/bin/sh")
        let script = "exec 3<&0 </dev/null; export LISTEN_PID=$$ LISTEN_FDS=1; exec \"$0\" \"$@\""
        process.arguments = [
            "-c", script, TestProcess.program, "--state", "\(directory.path)/state", "--service", "http://127.0.0.1:1",
            "--log-level", "critical",
        ]
        process.environment = ProcessInfo.processInfo.environment
            .merging(["NOTIFY_SOCKET": "\(directory.path)/notices"]) { $1 }
        process.standardInput = FileHandle(fileDescriptor: listener, closeOnDealloc: true)
        try process.run()
        let client = TestClient(input: connection, output: connection)
        try client.initialize()
        var notice = [UInt8](repeating: 0, count: 64)
        let count = recv(notices, &notice, notice.count, 0)
        #expect(String(decoding: notice.prefix(max(count, 0)), as: UTF8.self) == "READY=1")
        #expect(try client.call("daemon/stop") == [:])
        process.waitUntilExit()
        #expect(process.terminationStatus == 0)
        // The socket is systemd's, for the next start.
        #expect(access("\(directory.path)/activated", F_OK) == 0)
    }

    private static func bound(_ path: String, _ type: __socket_type) throws -> Int32 {
        let descriptor = socket(AF_UNIX, Int32(type.rawValue), 0)
        let (address, length) = try #require(LocalSocket.address(path))
        let result = withUnsafePointer(to: address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(descriptor, $0, length) }
        }
        try #require(result == 0)
        return descriptor
    }

    @Test func aDaemonWithNothingToDoEndsByItself() async throws {
        let directory = TestDirectory()
        let daemon = try await TestDaemon.start(directory, idleExit: 1)
        daemon.daemon.waitForStop()
        try await daemon.end()
    }

    @Test func aPauseSurvivesAKill() async throws {
        let directory = TestDirectory()
        let first = try TestProcess("run", state: directory.path, socket: "\(directory.path)/s")
        let client = try first.socketClient()
        try client.initialize()
        #expect(try client.call("sync/pause")["paused"] == true)
        first.kill(SIGKILL)
        _ = first.exitStatus()
        let second = try TestProcess("run", state: directory.path, socket: "\(directory.path)/s")
        let again = try second.socketClient()
        try again.initialize()
        #expect(try again.call("sync/status")["paused"] == true)
        second.kill(SIGTERM)
        #expect(second.exitStatus() == 0)
    }

    @Test func aWaitingRequestIsAnsweredBeforeTheEnd() async throws {
        let directory = TestDirectory()
        let process = try TestProcess("run", state: directory.path, socket: "\(directory.path)/s")
        let client = try process.socketClient()
        try client.initialize()
        let wait = client.post("sync/wait", ["timeout": 100])
        _ = try client.call("daemon/stop")
        do {
            _ = try client.answer(to: wait)
            Issue.record("nobody was there to sync with")
        } catch let failure as TestClient.Failure {
            #expect(failure.code == 1007)
            #expect(failure.data?["status"]?["state"] == "offline")
        }
        #expect(process.exitStatus() == 0)
    }
}
