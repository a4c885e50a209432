import SyncClient
import SyncModel
import SyncProtocol
import Testing

@Suite struct ExchangeTests {
    private let epoch = Epoch(systemIdentifier: "7", timeline: 1)
    private let ok = HTTPEvent.head(HTTPResponseHead(status: 200))

    private var answer: [UInt8] {
        SyncAnswerLine.hello(epoch: epoch, server: "s").bytes
            + SyncAnswerLine.frontier(StreamFixture.batch().frontier).bytes
    }

    @Test func requestsCarryTheIdentityAndShowNoToken() {
        let stream = SyncRequest(replica: ReplicaID("r"), isLive: true, shapes: [])
        let request = StreamExchange.request(stream, as: .token("secret-token"))
        #expect(request.method == "POST")
        #expect(request.path == "/v1/sync")
        #expect(request.headers.contains(HTTPField("authorization", "Bearer secret-token")))
        let insecure = SchemaExchange.request(ifNoneMatch: "\"t\"", as: .user("ana"))
        #expect(insecure.headers == [HTTPField("satchel-user", "ana"), HTTPField("if-none-match", "\"t\"")])
        let identity = Identity.token("secret-token")
        for text in ["\(identity)", String(reflecting: identity), String(describing: [identity])] {
            #expect(!text.contains("secret-token"))
        }
    }

    @Test func aStreamIsReadHoweverItIsCut() {
        for size in 1...answer.count {
            var exchange = StreamExchange()
            var outcomes = [exchange.receive(ok)]
            for start in stride(from: 0, to: answer.count, by: size) {
                outcomes.append(
                    exchange.receive(.bytes(Array(answer[start..<min(start + size, answer.count)]))))
            }
            #expect(outcomes.dropFirst().allSatisfy { $0 == .progressed })
            #expect(exchange.receive(.finished) == .answered(StreamFixture.batch()))
            #expect(exchange.receive(.finished) == nil)
        }
    }

    @Test func aStreamCutOffAnywhereIsCutOff() {
        for count in 0..<answer.count {
            var exchange = StreamExchange()
            _ = exchange.receive(ok)
            _ = exchange.receive(.bytes(Array(answer[..<count])))
            #expect(exchange.receive(.finished) == .failed(.cutOff))
            exchange = StreamExchange()
            _ = exchange.receive(ok)
            _ = exchange.receive(.bytes(Array(answer[..<count])))
            #expect(exchange.receive(.failed(.interrupted("reset"))) == .failed(.cutOff))
        }
    }

    @Test func partsOfSnapshotsAreTakenOnceAsTheyCome() throws {
        let table = TableName(name: "t")
        func line(_ offset: LogOffset, _ id: String) -> [UInt8] {
            let message = ShapeMessage(
                kind: .insert, table: table, key: RowKey(values: [Value(id)]),
                fields: [ShapeMessage.Field("id", Value(id))])
            return SyncAnswerLine.messages(
                SyncAnswerLine.ShapeMessages(
                    shape: "s", handle: ShapeHandle("h"), offset: offset, messages: [message], hasMore: true)
            ).bytes
        }
        let frontier = StreamFixture.batch(isComplete: false).frontier
        var exchange = StreamExchange()
        _ = exchange.receive(ok)
        _ = exchange.receive(.bytes(SyncAnswerLine.hello(epoch: frontier.epoch, server: "").bytes))
        _ = exchange.receive(
            .bytes(SyncAnswerLine.reset(shape: "s", handle: ShapeHandle("h"), tables: [table]).bytes))
        #expect(exchange.takeArrivals() == [])
        for (number, id) in ["a", "b"].enumerated() {
            _ = exchange.receive(.bytes(line(LogOffset(tx: 0, op: UInt64(number)), id)))
            let part = try #require(exchange.takeArrivals().first)
            #expect(part.isReset == (number == 0) && part.offset == LogOffset(tx: 0, op: UInt64(number)))
            #expect(part.messages.map(\.key) == [RowKey(values: [Value(id)])])
            #expect(exchange.takeArrivals() == [])
        }
        _ = exchange.receive(.bytes(line(.snapshotEnd, "c")))
        #expect(exchange.takeArrivals() == [])
        _ = exchange.receive(.bytes(SyncAnswerLine.frontier(frontier).bytes))
        guard case .answered(let batch) = exchange.receive(.finished) else {
            Issue.record("it was not taken")
            return
        }
        // What is left: the last part, which goes on from where the others were.
        #expect(batch.shapes.map(\.isReset) == [false] && batch.shapes.map(\.offset) == [.snapshotEnd])
        #expect(batch.shapes.first?.messages.map(\.key) == [RowKey(values: [Value("c")])])
    }

    @Test func whatIsNoAnswerIsMalformed() {
        var exchange = StreamExchange()
        _ = exchange.receive(ok)
        guard case .failed(.malformed) = exchange.receive(.bytes([UInt8]("<html>\n".utf8))) else {
            Issue.record("it was taken")
            return
        }
        #expect(exchange.receive(.finished) == nil)
    }

    @Test func errorsAreToldWithTheirWait() {
        let error = ServiceError(.notReady, "the mirror is being copied")
        let head = HTTPEvent.head(HTTPResponseHead(status: 503, headers: [HTTPField("retry-after", "7")]))
        var stream = StreamExchange()
        _ = stream.receive(head)
        #expect(stream.receive(.bytes(error.body)) == nil)
        #expect(stream.receive(.finished) == .failed(.service(error, retryAfter: 7000)))
        var operations = OperationsExchange()
        _ = operations.receive(head)
        _ = operations.receive(.bytes(error.body))
        #expect(operations.receive(.finished) == .failure(.service(error, retryAfter: 7000)))
        var schema = SchemaExchange()
        _ = schema.receive(.head(HTTPResponseHead(status: 502)))
        let bad = ServiceError(.internal, "the service answered HTTP 502")
        #expect(schema.receive(.finished) == .failure(.service(bad, retryAfter: 0)))
    }

    @Test func aPageOfSomebodyElseIsNoRefusalOfOperations() {
        var operations = OperationsExchange()
        _ = operations.receive(.head(HTTPResponseHead(status: 404)))
        _ = operations.receive(.bytes(Array("<html>".utf8)))
        guard case .failure(.malformed(let message))? = operations.receive(.finished) else {
            Issue.record("it was taken for the service's word")
            return
        }
        #expect(message.contains("HTTP 404"))
        var refused = OperationsExchange()
        let error = ServiceError.badRequest("operations[0].set: no")
        _ = refused.receive(.head(HTTPResponseHead(status: 400)))
        _ = refused.receive(.bytes(error.body))
        #expect(refused.receive(.finished) == .failure(.service(error, retryAfter: 0)))
    }

    @Test func verdictsAndSchemasAreRead() {
        let verdicts = SenderFixture.answer(to: SenderFixture.request(1...3))
        var operations = OperationsExchange()
        _ = operations.receive(ok)
        _ = operations.receive(.bytes(verdicts.body))
        #expect(operations.receive(.finished) == .success(verdicts))
        let schema = SchemaAnswer(epoch: epoch, tag: "t", schema: DatabaseSchema(tables: []), dataModel: "m")
        var exchange = SchemaExchange()
        _ = exchange.receive(.head(HTTPResponseHead(status: 200, headers: [HTTPField("etag", "x")])))
        _ = exchange.receive(.bytes(schema.body))
        let answer = try? exchange.receive(.finished)?.get()
        #expect(answer?.schema == schema)
        #expect(answer?.entityTag == "x")
        var unchanged = SchemaExchange()
        _ = unchanged.receive(.head(HTTPResponseHead(status: 304)))
        let kept = try? unchanged.receive(.finished)?.get()
        #expect(kept != nil && kept?.schema == nil)
    }
}
