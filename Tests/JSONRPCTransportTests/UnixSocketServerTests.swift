import Foundation
import JSONRPC
import JSONText
import NIOCore
import NIOPosix
import Synchronization
import Testing

@testable import JSONRPCTransport

@Suite(.timeLimit(.minutes(2))) struct UnixSocketServerTests {
    private func withServer(
        _ handler: RecordingHandler, configuration: TransportConfiguration = TransportConfiguration(),
        _ body: @Sendable (String) async throws -> Void
    ) async throws {
        try await withTemporaryDirectory { directory in
            let path = directory + "/run/d.sock"
            let server = try await UnixSocketServer.bind(
                path: path, group: .singletonMultiThreadedEventLoopGroup, configuration: configuration,
                handler: handler
            ).get()
            do {
                try await body(path)
            } catch {
                try await server.stopAccepting().get()
                throw error
            }
            try await server.stopAccepting().get()
            #expect(!FileManager.default.fileExists(atPath: path))
            for connection in handler.connections { connection.close() }
        }
    }

    private func mode(_ path: String) throws -> UInt32 {
        var status = stat()
        try #require(lstat(path, &status) == 0)
        return status.st_mode & 0o777
    }

    @Test func answersManyRequestsOfOneWriteInOrder() async throws {
        let handler = RecordingHandler()
        try await withServer(handler) { path in
            let client = try #require(TestClient(path: path))
            let requests = (1...2000).map {
                #"{"jsonrpc":"2.0","id":\#($0),"method":"echo","params":[\#($0)]}"# + "\n"
            }
            let writer = Thread { client.write(TestClient.initialize + requests.joined()) }
            writer.start()
            #expect(client.line() == #"{"jsonrpc":"2.0","id":0,"result":null}"#)
            for index in 1...2000 {
                #expect(client.line() == #"{"jsonrpc":"2.0","id":\#(index),"result":[\#(index)]}"#)
            }
            client.hangUp()
            await handler.happened("closed")
        }
        #expect(handler.log.prefix(2) == ["connected", "initialize 0"])
        #expect(handler.log.last == "closed")
    }

    @Test func answersARequestThatComesByteByByteInTheSameFraming() async throws {
        try await withServer(RecordingHandler()) { path in
            let client = try #require(TestClient(path: path))
            let body = #"{"jsonrpc":"2.0","id":0,"method":"initialize"}"#
            for byte in "Content-Length: \(body.utf8.count)\r\n\r\n\(body)" { client.write(String(byte)) }
            let answer = #"{"jsonrpc":"2.0","id":0,"result":null}"#
            let frame = "Content-Length: \(answer.utf8.count)\r\n\r\n\(answer)"
            #expect(client.bytes(frame.utf8.count) == frame)
            client.hangUp()
        }
    }

    @Test func answersFromOtherThreadsAndCancelledRequests() async throws {
        let handler = RecordingHandler()
        try await withServer(handler) { path in
            let client = try #require(TestClient(path: path))
            client.write(TestClient.initialize)
            _ = client.line()
            for id in 1...3 { client.write(#"{"jsonrpc":"2.0","id":\#(id),"method":"hold"}"# + "\n") }
            await handler.happened("hold 3")
            client.write(#"{"jsonrpc":"2.0","method":"$/cancelRequest","params":{"id":2}}"# + "\n")
            #expect(client.line()?.contains(#""id":2,"error":{"code":-32800"#) == true)
            for (connection, id) in handler.state.withLock({ $0.held }) {
                connection.answer(id, .result("late"))
                connection.answer(id, .result("twice"))
            }
            #expect(client.line() == #"{"jsonrpc":"2.0","id":1,"result":"late"}"#)
            #expect(client.line() == #"{"jsonrpc":"2.0","id":3,"result":"late"}"#)
            client.write(#"{"jsonrpc":"2.0","method":"exit"}"# + "\n")
            #expect(client.line() == nil)
            client.hangUp()
        }
    }

    @Test func answersWhatIsDueAfterTheEndOfInput() async throws {
        let handler = RecordingHandler()
        try await withServer(handler) { path in
            let client = try #require(TestClient(path: path))
            client.write(TestClient.initialize + #"{"jsonrpc":"2.0","id":1,"method":"hold"}"# + "\n")
            client.endInput()
            #expect(client.line() != nil)
            await handler.happened("hold 1")
            for (connection, id) in handler.state.withLock({ $0.held }) { connection.answer(id, .result(7)) }
            #expect(client.line() == #"{"jsonrpc":"2.0","id":1,"result":7}"#)
            #expect(client.line() == nil)
            await handler.happened("closed")
            client.hangUp()
        }
    }

    @Test func noticesAClientThatDiesWhileItWaits() async throws {
        let handler = RecordingHandler()
        try await withServer(handler) { path in
            let client = try #require(TestClient(path: path))
            client.write(TestClient.initialize + #"{"jsonrpc":"2.0","id":1,"method":"hold"}"# + "\n")
            await handler.happened("hold 1")
            client.hangUp()
            await handler.happened("closed")
        }
    }

    @Test func closesAfterTheErrorWhenTheFramingIsLost() async throws {
        try await withServer(RecordingHandler()) { path in
            let client = try #require(TestClient(path: path))
            client.write("Content-Length: x\r\n\r\n")
            let answer = try #require(client.bytes(30))
            #expect(answer.hasPrefix("Content-Length: "))
            while client.bytes(1) != nil {}
            client.hangUp()
        }
    }

    @Test func refusesNotificationsWhileTheClientIsTooSlowAndSaysWhenItIsNot() async throws {
        let handler = RecordingHandler()
        try await withServer(handler) { path in
            let client = try #require(TestClient(path: path))
            client.write(TestClient.initialize)
            _ = client.line()
            let connection = try #require(handler.connections.first)
            let notification = JSONRPC.Notification(
                method: "n", params: [.string(String(repeating: "x", count: 1000))])
            var sent = 0
            while connection.notify(notification) { sent += 1 }
            print("\(sent) notifications until the outbox was full")
            #expect(sent >= 4096)
            #expect(connection.isOutboxFull)
            #expect(!connection.notify(notification))
            for _ in 0..<sent {
                #expect(client.line() == String(decoding: notification.serialized(), as: UTF8.self))
            }
            await handler.happened("drained")
            #expect(connection.notify(notification))
            #expect(client.line() != nil)
            client.hangUp()
        }
    }

    @Test func stopsReadingFromAClientThatDoesNotTakeItsAnswers() async throws {
        let answered = Mutex(0)
        let handler = RecordingHandler { request, connection in
            guard request.method == "page" else { return false }
            answered.withLock { $0 += 1 }
            connection.answer(request.id, .result(.string(String(repeating: "x", count: 100_000))))
            return true
        }
        try await withServer(handler) { path in
            let client = try #require(TestClient(path: path))
            let requests = (1...300).map { #"{"jsonrpc":"2.0","id":\#($0),"method":"page"}"# + "\n" }
            client.write(TestClient.initialize + requests.joined())
            await handler.happened("page 80")
            let connection = try #require(handler.connections.first)
            while !connection.isOutboxFull { await Task.yield() }
            let early = answered.withLock { $0 }
            print("\(early) of 300 pages answered before anything was read")
            #expect(early < 120)
            for _ in 0...300 { #expect(client.line() != nil) }
            #expect(answered.withLock { $0 } == 300)
            client.hangUp()
        }
    }

    @Test func disconnectsAClientThatTakesNothing() async throws {
        let handler = RecordingHandler()
        var configuration = TransportConfiguration()
        configuration.writeStall = .milliseconds(20)
        try await withServer(handler, configuration: configuration) { path in
            let client = try #require(TestClient(path: path))
            client.write(TestClient.initialize)
            _ = client.line()
            let connection = try #require(handler.connections.first)
            while connection.notify(
                JSONRPC.Notification(method: "n", params: [.string(String(repeating: "x", count: 1000))]))
            {}
            await handler.happened("closed")
            #expect(connection.isClosed)
            client.hangUp()
        }
    }

    @Test func closesConnectionsBeyondTheLimit() async throws {
        let handler = RecordingHandler()
        var configuration = TransportConfiguration()
        configuration.connections = 1
        try await withServer(handler, configuration: configuration) { path in
            let first = try #require(TestClient(path: path))
            first.write(TestClient.initialize)
            #expect(first.line() != nil)
            let second = try #require(TestClient(path: path))
            #expect(second.line() == nil)
            first.hangUp()
            second.hangUp()
        }
    }

    @Test func knowsWhoIsOnTheOtherEnd() async throws {
        let handler = RecordingHandler()
        try await withServer(handler) { path in
            let client = try #require(TestClient(path: path))
            await handler.happened("connected")
            #expect(handler.connections.first?.peer == Peer(user: geteuid(), process: getpid()))
            client.hangUp()
        }
    }

    @Test func makesSocketAndDirectoryForTheUserAlone() async throws {
        try await withServer(RecordingHandler()) { path in
            let socketMode = try mode(path)
            #expect(socketMode == 0o600)
            let directoryMode = try mode((path as NSString).deletingLastPathComponent)
            #expect(directoryMode == 0o700)
        }
    }

    @Test func replacesASocketThatADeadDaemonLeft() async throws {
        try await withTemporaryDirectory { directory in
            let path = directory + "/d.sock"
            let dead = try SocketFile.listen(path: path)
            close(dead)
            #expect(TestClient(path: path) == nil)
            let server = try await UnixSocketServer.bind(
                path: path, group: .singletonMultiThreadedEventLoopGroup, handler: RecordingHandler()
            ).get()
            #expect(TestClient(path: path) != nil)
            try await server.stopAccepting().get()
        }
    }

    @Test func refusesPathsThatCannotBe() async throws {
        try await withTemporaryDirectory { directory in
            func message(_ path: String) -> String? {
                do throws(TransportError) {
                    close(try SocketFile.listen(path: path))
                    return nil
                } catch {
                    return error.description
                }
            }
            let long = directory + "/" + String(repeating: "x", count: 120)
            #expect(message(long)?.contains("the system allows 107") == true)
            #expect(message("d.sock")?.contains("must begin with a slash") == true)
            _ = FileManager.default.createFile(atPath: directory + "/file", contents: Data("x".utf8))
            #expect(message(directory + "/file")?.contains("is no socket") == true)
            #expect(message(directory + "/file/d.sock")?.contains("is no directory") == true)
            #expect(message(directory + "/a/b/d.sock")?.contains("cannot be made") == true)
            chmod(directory, 0o755)
            #expect(message(directory + "/d.sock")?.contains("closed to others") == true)
            chmod(directory, 0o700)
            #expect(message(directory + "/d.sock") == nil)
        }
    }

    @Test func takesOverASocketThatListensAlready() async throws {
        try await withTemporaryDirectory { directory in
            let path = directory + "/d.sock"
            let descriptor = try SocketFile.listen(path: path)
            #expect(listen(descriptor, 5) == 0)
            let early = try #require(TestClient(path: path))
            early.write(TestClient.initialize)
            let server = try await UnixSocketServer.adopt(
                descriptor: descriptor, group: .singletonMultiThreadedEventLoopGroup,
                handler: RecordingHandler()
            ).get()
            #expect(early.line() != nil)
            try await server.stopAccepting().get()
            #expect(FileManager.default.fileExists(atPath: path))
            early.hangUp()
        }
        let nothing = open("/dev/null", O_RDONLY)
        await #expect(throws: TransportError.self) {
            _ = try await UnixSocketServer.adopt(
                descriptor: nothing, group: .singletonMultiThreadedEventLoopGroup, handler: RecordingHandler()
            ).get()
        }
        close(nothing)
    }

    @Test(
        arguments: [
            ([:], nil), (["LISTEN_PID": "8", "LISTEN_FDS": "1"], nil),
            (["LISTEN_PID": "7", "LISTEN_FDS": "1"], 3),
            (["LISTEN_PID": "7", "LISTEN_FDS": "x"], nil), (["LISTEN_PID": "7"], nil),
        ] as [([String: String], Int32?)])
    func findsTheSocketThatSystemdHandsOver(environment: [String: String], expected: Int32?) throws {
        let found = try InheritedSocket.descriptor(environment: environment, process: 7)
        #expect(found == expected)
    }

    @Test func takesNoMoreThanOneSocketFromSystemd() {
        #expect(throws: TransportError.self) {
            _ = try InheritedSocket.descriptor(
                environment: ["LISTEN_PID": "7", "LISTEN_FDS": "2"], process: 7)
        }
    }
}
