import Foundation
import JSONText
import Postgres
import Synchronization
import SyncService
import Testing

/// Recorded requests of a real Electric server, put to ours: the same answers, ids and clocks aside.
@Suite(.serialized) struct ElectricTranscriptTests {
    static let directory = ProcessInfo.processInfo.environment["SATCHEL_SHARED"].map {
        "\($0)/data/electric-transcripts"
    }

    static let schema = """
        CREATE TABLE items (id uuid PRIMARY KEY, value text, n int4, flag bool, created_at timestamptz);
        INSERT INTO items SELECT format('00000000-0000-0000-0000-%s', lpad(i::text, 12, '0'))::uuid, 'value ' || i, i,
            i % 2 = 0, '2026-01-01 00:00:00+00'::timestamptz + i * interval '1 hour' FROM generate_series(1, 5) i;
        CREATE TABLE nopk (a int4, b text);
        ALTER TABLE nopk REPLICA IDENTITY FULL;
        INSERT INTO nopk VALUES (1, 'x'), (2, 'y');
        """

    /// The headers that clients and caches act on.
    static let compared = [
        "cache-control", "surrogate-control", "electric-handle", "electric-offset", "electric-schema",
        "electric-up-to-date", "electric-has-data", "etag", "access-control-expose-headers",
    ]

    /// The transcripts go on from each other's state. What 06 records of two updates of one row in one transaction
    /// (op 2) is not ours: we log the net effect (op 0); only its SQL is run.
    @Test(.enabled(if: directory != nil, "SATCHEL_SHARED is not set: recorded transcripts are skipped"))
    func answersAsRecorded() async throws {
        let fixture = try await ServiceFixture(Self.schema)
        var replay = Replay(fixture: fixture)
        for (name, isCompared) in [
            ("01_health", true), ("02_initial_snapshot_and_follow", true), ("03_live_default", true),
            ("04_live_full", true), ("05_where_move", true), ("06_columns", false), ("07_errors_400", true),
            ("08_must_refetch_409", true),
        ] {
            let exchanges = try RecordedExchange.read("\(Self.directory ?? "")/\(name).txt")
            for (index, exchange) in exchanges.enumerated() {
                try await replay.run(exchange, "\(name) #\(index + 1)", isCompared: isCompared)
            }
        }
        print("transcripts: \(replay.count) exchanges replayed, \(replay.compared) compared")
        #expect(replay.compared >= 50)
        await fixture.stop()
    }

    private struct Replay {
        let fixture: ServiceFixture
        var recorded = Normaliser()
        var ours = Normaliser()
        /// What the recorded requests say, in our ids.
        var names: [String: String] = [:]
        var count = 0
        var compared = 0

        mutating func run(_ exchange: RecordedExchange, _ label: String, isCompared: Bool) async throws {
            count += 1
            if let sql = exchange.sqlDuringPoll, !exchange.target.contains("live=true") {
                try fixture.connection.execute(sql)
            }
            let target = translated(exchange.target)
            let (method, port) = (exchange.method, fixture.port)
            let headers = exchange.requestHeaders.mapValues { translated($0) }
            let answer = Answer()
            Thread.detachNewThread {
                answer.set(Result { try RawHTTP.get(target, port: port, method: method, headers: headers) })
            }
            if let sql = exchange.sqlDuringPoll {
                // Held, or answered already, which is what will be found wrong.
                let signal = fixture.service.mirror.signal
                await eventually { signal.waiting > 0 || answer.isThere }
                try fixture.connection.execute(sql)
            }
            await eventually { answer.isThere }
            let response = try answer.get()
            learn(exchange, response)
            guard isCompared else { return }
            compared += 1
            compare(exchange, response, label)
        }

        private func translated(_ target: String) -> String {
            var target = target
            for (recorded, actual) in names { target = target.replacingOccurrences(of: recorded, with: actual) }
            return target
        }

        private mutating func learn(_ exchange: RecordedExchange, _ response: RawHTTP.Response) {
            for header in ["electric-handle", "electric-offset"] {
                guard let recorded = exchange.headers[header], let actual = response.headers[header] else { continue }
                if recorded.utf8.count > 7 { names[recorded] = actual }
            }
        }

        private mutating func compare(_ exchange: RecordedExchange, _ response: RawHTTP.Response, _ label: String) {
            #expect(response.status == exchange.status, "\(label) \(exchange.target)")
            for name in ElectricTranscriptTests.compared where exchange.target.contains("/v1/shape") {
                let expected = recorded.normalised(Self.withoutRandom(exchange.headers[name] ?? "absent"))
                let actual = ours.normalised(Self.withoutRandom(response.headers[name] ?? "absent"))
                #expect(Self.sameJSON(expected, actual), "\(label) \(name): \(expected) / \(actual)")
            }
            #expect((response.headers["electric-cursor"] == nil) == (exchange.headers["electric-cursor"] == nil))
            guard exchange.method != "HEAD" else { return }
            let expected = Self.sorted(recorded.normalised(exchange.body))
            let actual = Self.sorted(ours.normalised(response.body))
            #expect(Self.sameJSON(expected, actual), "\(label)\n\(expected)\n\(actual)")
        }

        /// An etag of an answer without changes ends in a number that makes it unique.
        private static func withoutRandom(_ text: String) -> String {
            text.replacingOccurrences(of: #"(_\d+):-?\d+"$"#, with: "$1:R\"", options: .regularExpression)
        }

        private static func sameJSON(_ left: String, _ right: String) -> Bool {
            if left == right { return true }
            guard let left = try? JSON(parsing: left), let right = try? JSON(parsing: right) else { return false }
            return left == right
        }

        /// Electric's snapshots come in the heap's order, ours by key.
        private static func sorted(_ body: String) -> String {
            guard body.contains("snapshot-end"), let messages = try? JSON(parsing: body).array else { return body }
            let order = { (message: JSON) in message["key"]?.string ?? "~" }
            return JSON.array(messages.sorted { order($0) < order($1) }).text
        }
    }
}

private final class Answer: Sendable {
    private let result = Mutex<Result<RawHTTP.Response, any Error>?>(nil)

    var isThere: Bool { result.withLock { $0 != nil } }

    func set(_ answer: Result<RawHTTP.Response, any Error>) { result.withLock { $0 = answer } }

    func get() throws -> RawHTTP.Response {
        guard let result = result.withLock({ $0 }) else { throw RawHTTP.Failed() }
        return try result.get()
    }
}
