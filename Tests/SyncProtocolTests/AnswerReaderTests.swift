import SyncModel
import SyncProtocol
import Testing

@Suite struct AnswerReaderTests {
    private let epoch = Epoch(systemIdentifier: "7", timeline: 1)
    private var hello: SyncAnswerLine { .hello(epoch: epoch, server: "s") }

    private func frontier(epoch: Epoch? = nil) -> SyncAnswerLine {
        .frontier(
            Frontier(
                epoch: epoch ?? self.epoch, position: 9, confirmedSeq: 2, isComplete: true,
                serviceClock: .zero))
    }

    private func message(_ id: String) -> ShapeMessage {
        ShapeMessage(
            kind: .insert, table: TableName(name: "t"), key: RowKey(values: [.text(Text(id))]),
            fields: [ShapeMessage.Field("id", .text(Text(id)))])
    }

    private func messages(
        _ shape: String, _ ids: [String], _ offset: LogOffset, more: Bool
    ) -> SyncAnswerLine {
        .messages(
            SyncAnswerLine.ShapeMessages(
                shape: shape, handle: ShapeHandle("h"), offset: offset, messages: ids.map(message),
                hasMore: more))
    }

    private func batch(_ lines: [SyncAnswerLine]) throws -> SyncBatch? {
        var reader = AnswerReader()
        for line in lines { try reader.receive(line: Array(line.bytes.dropLast())) }
        return reader.batch
    }

    @Test func joinsTheLinesOfAShape() throws {
        let batch = try #require(
            try batch([
                hello, .reset(shape: "s1", handle: ShapeHandle("h"), tables: []),
                messages("s1", ["a"], .firstChunk, more: true),
                messages("s2", ["x"], .snapshotEnd, more: false),
                messages("s1", ["b"], .snapshotEnd, more: false),
                .ended(shape: "s3", reason: Reason(code: "c", message: "m")), frontier(),
            ]))
        #expect(batch.shapes.map(\.shape) == ["s1", "s2", "s3"])
        #expect(batch.shapes[0].isReset)
        #expect(batch.shapes[0].messages == [message("a"), message("b")])
        #expect(batch.shapes[0].offset == .snapshotEnd)
        #expect(!batch.shapes[0].hasMore)
        #expect(!batch.shapes[1].isReset)
        #expect(batch.shapes[2].ended?.code == "c")
        #expect(batch.frontier.position == 9)
    }

    @Test func aResetVoidsWhatCameBefore() throws {
        let batch = try #require(
            try batch([
                hello, messages("s1", ["a"], .firstChunk, more: true),
                .reset(shape: "s1", handle: ShapeHandle("n"), tables: []), frontier(),
            ]))
        #expect(
            batch.shapes == [
                ShapeBatch(shape: "s1", handle: ShapeHandle("n"), offset: .beforeAll, isReset: true)
            ])
    }

    @Test func anAnswerCutOffAnywhereGivesNothing() throws {
        let lines = [hello, messages("s1", ["a"], .firstChunk, more: true), frontier()]
        for count in 0..<lines.count { #expect(try batch(Array(lines[..<count])) == nil) }
        #expect(try batch(lines) != nil)
    }

    @Test func refusesLinesOutOfPlace() {
        let other = Epoch(systemIdentifier: "7", timeline: 2)
        let wrong: [[SyncAnswerLine]] = [
            [frontier()], [messages("s1", [], .firstChunk, more: false)], [hello, hello],
            [hello, frontier(), frontier()],
            [hello, frontier(), messages("s1", [], .firstChunk, more: false)],
            [hello, frontier(epoch: other)],
        ]
        for lines in wrong { #expect(throws: ServiceError.self) { try batch(lines) } }
    }

    @Test func splitsLinesWhereverTheBytesAreCut() throws {
        let text = [UInt8]("one\n\ntwo\nthree".utf8)
        for size in 1...text.count {
            var splitter = LineSplitter()
            var lines: [String] = []
            for start in stride(from: 0, to: text.count, by: size) {
                try splitter.receive(text[start..<min(start + size, text.count)]) {
                    line throws(ServiceError) in
                    lines.append(String(decoding: line, as: UTF8.self))
                }
            }
            #expect(lines == ["one", "two"])
            #expect(splitter.hasPartialLine)
        }
    }

    @Test func refusesALineOverTheBound() {
        var splitter = LineSplitter(limit: 3)
        #expect(throws: ServiceError.self) {
            try splitter.receive([UInt8]("four".utf8)[...]) { _ throws(ServiceError) in }
        }
    }
}
