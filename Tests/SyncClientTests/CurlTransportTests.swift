import Foundation
import Glibc
import SyncClient
import Testing

@Suite struct CurlTransportTests {
    private let contract = HTTPPortContract { scripts in
        let server = try TestServer(scripts)
        let address = try #require(ServiceAddress(server.address))
        let transport = try CurlTransport(to: address)
        return HTTPPortContract.Fixture(port: transport, server: server) { transport.stop() }
    }

    @Test func answersWithHeadBodyAndEnd() async throws { try await contract.answersWithHeadBodyAndEnd() }
    @Test func sendsMethodHeadersAndBody() async throws { try await contract.sendsMethodHeadersAndBody() }
    @Test func tellsChunksAsTheyCome() async throws { try await contract.tellsChunksAsTheyCome() }
    @Test func keepsConnections() async throws { try await contract.keepsConnections() }
    @Test func tellsACutOffBody() async throws { try await contract.tellsACutOffBody() }
    @Test func tellsErrorsWithTheirBodies() async throws { try await contract.tellsErrorsWithTheirBodies() }
    @Test func endsABodyOverTheBound() async throws { try await contract.endsABodyOverTheBound() }
    @Test func cancels() async throws { try await contract.cancels() }
    @Test func refusesWhatCannotBeSent() async throws { try await contract.refusesWhatCannotBeSent() }

    @Test func tellsARefusedConnection() async throws {
        let server = try TestServer([:])
        let address = try #require(ServiceAddress(server.address))
        // The port was ours a moment ago, and nobody listens on it now.
        server.stop()
        let transport = try CurlTransport(to: address)
        var last: HTTPEvent?
        repeat { last = await transport.events(of: .get("/a")).last } while last == .finished
        switch last {
        case .failed(.unreachable), .failed(.interrupted): break
        default: Issue.record("ended with \(String(describing: last))")
        }
        transport.stop()
    }

    @Test func speaksOverAUnixSocket() async throws {
        let path = FileManager.default.temporaryDirectory.appending(path: "satchel-\(UUID().uuidString).sock")
            .path
        defer { unlink(path) }
        let server = try TestServer(
            ["/a": [HTTPPortContract.response("200 OK", body: "here")]], unixSocket: path)
        let transport = try CurlTransport(to: try #require(ServiceAddress(server.address)))
        for _ in 1...2 { #expect(await transport.events(of: .get("/a")).body == "here") }
        #expect(server.received.map(\.connection) == [1, 1])
        transport.stop()
        server.stop()
    }

    @Test func givesUpASilentService() async throws {
        let server = try TestServer(["/a": [.send("HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n"), .hold]])
        let transport = try CurlTransport(
            to: try #require(ServiceAddress(server.address)), CurlTransport.Configuration(silenceSeconds: 1))
        #expect(await transport.events(of: .get("/a")).last == .failed(.timedOut))
        transport.stop()
        server.stop()
    }

    @Test func stoppingCancelsWhatIsUnderWay() async throws {
        let server = try TestServer(["/a": [.send("HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n"), .hold]])
        let transport = try CurlTransport(to: try #require(ServiceAddress(server.address)))
        var events: [HTTPEvent] = []
        for await event in transport.stream(of: .get("/a")) {
            events.append(event)
            if case .head = event { Thread.detachNewThread { transport.stop() } }
        }
        #expect(events.last == .failed(.cancelled))
        #expect(await transport.events(of: .get("/a")) == [.failed(.cancelled)])
        server.stop()
    }

    @Test func servesManyAtOnce() async throws {
        let server = try TestServer(["/a": [HTTPPortContract.response("200 OK", body: "x")]])
        let transport = try CurlTransport(to: try #require(ServiceAddress(server.address)))
        let finished = await withTaskGroup(of: Bool.self) { group in
            for _ in 1...50 { group.addTask { await transport.events(of: .get("/a")).last == .finished } }
            return await group.reduce(0) { $0 + ($1 ? 1 : 0) }
        }
        #expect(finished == 50)
        transport.stop()
        server.stop()
    }
}
