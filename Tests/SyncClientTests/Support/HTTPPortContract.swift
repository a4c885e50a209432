import SyncClient
import Testing

/// What every `HTTPPort` has to do. `serve` starts a service that answers by the scripts, and a port to it.
struct HTTPPortContract {
    struct Fixture {
        let port: any HTTPPort
        let server: TestServer
        let stopPort: @Sendable () -> Void

        func stop() {
            stopPort()
            server.stop()
        }
    }

    let serve: ([String: [TestServer.Step]]) throws -> Fixture

    static func response(_ status: String, headers: String = "", body: String) -> TestServer.Step {
        .send("HTTP/1.1 \(status)\r\n\(headers)content-length: \(body.utf8.count)\r\n\r\n\(body)")
    }

    func answersWithHeadBodyAndEnd() async throws {
        let fixture = try serve(["/a": [Self.response("200 OK", headers: "ETag: \"x\"\r\n", body: "hello")]])
        let events = await fixture.port.events(of: .get("/a"))
        #expect(events.head?.status == 200)
        #expect(events.head?.header("etag") == "\"x\"")
        #expect(events.body == "hello")
        #expect(events.last == .finished)
        fixture.stop()
    }

    func sendsMethodHeadersAndBody() async throws {
        let fixture = try serve([
            "/a": [Self.response("200 OK", body: "")], "/b": [Self.response("200 OK", body: "")],
        ])
        let body = String(repeating: "é", count: 1_000_000)
        let request = HTTPRequest(
            method: "POST", path: "/a", headers: [HTTPField("satchel-user", "ana")], body: [UInt8](body.utf8),
            responseLimit: 100)
        #expect(await fixture.port.events(of: request).last == .finished)
        let empty = HTTPRequest(method: "POST", path: "/b", responseLimit: 100)
        #expect(await fixture.port.events(of: empty).last == .finished)
        let received = fixture.server.received
        #expect(received.count == 2)
        #expect(received.first?.head.hasPrefix("POST /a HTTP/1.1\r\n") == true)
        #expect(received.first?.head.contains("satchel-user: ana") == true)
        #expect(received.first?.body == body)
        #expect(received.last?.head.contains("Content-Length: 0") == true)
        fixture.stop()
    }

    func tellsChunksAsTheyCome() async throws {
        let head = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n"
        let fixture = try serve(["/a": [.send(head + "3\r\none\r\n"), .hold, .send("3\r\ntwo\r\n0\r\n\r\n")]])
        var body = ""
        for await event in fixture.port.stream(of: .get("/a")) {
            guard case .bytes(let bytes) = event else { continue }
            body += String(decoding: bytes, as: UTF8.self)
            // The rest is sent only once the first chunk was told.
            if body == "one" { fixture.server.release() }
        }
        #expect(body == "onetwo")
        fixture.stop()
    }

    func keepsConnections() async throws {
        let fixture = try serve(["/a": [Self.response("200 OK", body: "1")]])
        for _ in 1...3 { #expect(await fixture.port.events(of: .get("/a")).last == .finished) }
        #expect(fixture.server.received.map(\.connection) == [1, 1, 1])
        fixture.stop()
    }

    func tellsACutOffBody() async throws {
        let fixture = try serve([
            "/length": [.send("HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf"), .cut],
            "/chunks": [.send("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n4\r\nhalf\r\n"), .cut],
            "/nothing": [.cut],
        ])
        for path in ["/length", "/chunks", "/nothing"] {
            let events = await fixture.port.events(of: .get(path))
            guard case .failed(.interrupted) = events.last else {
                Issue.record("\(path) ended with \(String(describing: events.last))")
                continue
            }
        }
        fixture.stop()
    }

    func tellsErrorsWithTheirBodies() async throws {
        let fixture = try serve([
            "/401": [Self.response("401 Unauthorized", body: "who?")],
            "/503": [Self.response("503 Service Unavailable", headers: "Retry-After: 7\r\n", body: "later")],
        ])
        let refused = await fixture.port.events(of: .get("/401"))
        #expect(refused.head?.status == 401)
        #expect(refused.body == "who?")
        let busy = await fixture.port.events(of: .get("/503"))
        #expect(busy.head?.header("retry-after") == "7")
        #expect(busy.last == .finished)
        fixture.stop()
    }

    func endsABodyOverTheBound() async throws {
        let size = 1 << 20
        let fixture = try serve([
            "/a": [.send("HTTP/1.1 200 OK\r\ncontent-length: \(size)\r\n\r\n"), .fill(size)]
        ])
        let request = HTTPRequest(method: "GET", path: "/a", responseLimit: size - 1)
        let events = await fixture.port.events(of: request)
        #expect(events.last == .failed(.tooLarge))
        #expect(events.body.utf8.count < size)
        let whole = await fixture.port.events(of: HTTPRequest(method: "GET", path: "/a", responseLimit: size))
        #expect(whole.last == .finished)
        #expect(whole.body.utf8.count == size)
        fixture.stop()
    }

    func cancels() async throws {
        let fixture = try serve(["/a": [.send("HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf"), .hold]])
        let (stream, continuation) = AsyncStream<HTTPEvent>.makeStream()
        let id = fixture.port.send(.get("/a")) { continuation.yield($0) }
        var events: [HTTPEvent] = []
        for await event in stream {
            events.append(event)
            if case .bytes = event { fixture.port.cancel(id) }
            if event.isLast { break }
        }
        #expect(events.last == .failed(.cancelled))
        // Unknown and finished ids are no harm.
        fixture.port.cancel(id)
        fixture.port.cancel(HTTPTransferID(999))
        fixture.stop()
    }

    func refusesWhatCannotBeSent() async throws {
        let fixture = try serve([:])
        let wrong = [
            HTTPRequest(method: "GET", path: "/a b", responseLimit: 1),
            HTTPRequest(method: "GET", path: "a", responseLimit: 1),
            HTTPRequest(method: "GET", path: "/a", headers: [HTTPField("x", "1\r\ny: 2")], responseLimit: 1),
            HTTPRequest(method: "GET", path: "/a", headers: [HTTPField("x:y", "1")], responseLimit: 1),
        ]
        for request in wrong {
            guard case .failed(.invalidRequest) = await fixture.port.events(of: request).last else {
                Issue.record("\(request) was sent")
                continue
            }
        }
        #expect(fixture.server.received.isEmpty)
        fixture.stop()
    }
}

extension HTTPRequest {
    static func get(_ path: String) -> HTTPRequest {
        HTTPRequest(method: "GET", path: path, responseLimit: 1 << 20)
    }
}

extension HTTPEvent {
    var isLast: Bool {
        switch self {
        case .head, .bytes: false
        case .finished, .failed: true
        }
    }
}

extension HTTPPort {
    func stream(of request: HTTPRequest) -> AsyncStream<HTTPEvent> {
        AsyncStream { continuation in
            _ = send(request) { event in
                continuation.yield(event)
                if event.isLast { continuation.finish() }
            }
        }
    }

    func events(of request: HTTPRequest) async -> [HTTPEvent] {
        var events: [HTTPEvent] = []
        for await event in stream(of: request) { events.append(event) }
        return events
    }
}

extension [HTTPEvent] {
    var head: HTTPResponseHead? {
        for case .head(let head) in self { return head }
        return nil
    }

    var body: String {
        var body: [UInt8] = []
        for case .bytes(let bytes) in self { body += bytes }
        return String(decoding: body, as: UTF8.self)
    }
}
