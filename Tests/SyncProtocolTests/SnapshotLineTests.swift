import JSONText
import SeededRandom
import SyncModel
import Testing

@testable import SyncProtocol

/// Lines of snapshots are read past the tree of values, and mean the same.
@Suite struct SnapshotLineTests {
    private static let runs = 3_000

    private func line(_ random: inout SeededGenerator) -> SyncAnswerLine {
        let table = random.tableName()
        let columns = ["id", "name", "größe", "\"q\""].shuffled(using: &random).prefix(random.within(0...4))
        let messages = (0..<random.below(5)).map { number in
            ShapeMessage(
                kind: random.chance(95) ? .insert : .delete, table: random.chance(90) ? table : random.tableName(),
                key: RowKey(values: [Value("\(number)" + random.string())]),
                fields: columns.filter { _ in random.chance(95) }.map { ShapeMessage.Field($0, random.value()) },
                clock: random.chance(80) ? RowClock(version: Int64(random.below(9)), clock: random.timestamp()) : nil)
        }
        return .messages(
            SyncAnswerLine.ShapeMessages(
                shape: random.identifier(), handle: ShapeHandle(random.identifier()), offset: random.offset(),
                messages: messages, hasMore: random.chance(50)))
    }

    /// The line with a name twice, a part left out or changed, or as it is.
    private func spoiled(_ bytes: [UInt8], _ random: inout SeededGenerator) -> [UInt8] {
        let text = String(decoding: bytes, as: UTF8.self)
        switch random.below(6) {
        case 0: return Array(text.replacing("\"name\":", with: "\"id\":").utf8)
        case 1: return Array(text.replacing("\"insert\"", with: "\"frob\"", maxReplacements: 1).utf8)
        case 2: return Array(text.replacing("\"key\":\"", with: "\"key\":\"x", maxReplacements: 1).utf8)
        case 3: return Array(text.replacing("\"clock\":", with: "\"extra\":[{}],\"clock\":", maxReplacements: 1).utf8)
        case 4:
            var bytes = bytes
            bytes[random.below(bytes.count)] = UInt8(random.below(128))
            return bytes
        default: return bytes
        }
    }

    private func throughTree(_ bytes: [UInt8]) -> Result<SyncAnswerLine, ServiceError> {
        Result { () throws(ServiceError) in try SyncAnswerLine(JSON(message: bytes)) }
    }

    @Test func aLineMeansWhatItsTreeMeans() throws {
        let seed = SeededGenerator.seed(5)
        var random = SeededGenerator(seed: seed)
        var (direct, left, refused) = (0, 0, 0)
        for run in 0..<Self.runs {
            let whole = Array(line(&random).bytes.dropLast())
            let bytes = spoiled(whole, &random)
            let read = Result { () throws(ServiceError) in try SyncAnswerLine(line: bytes) }
            #expect(read == throughTree(bytes), "run \(run): \(String(decoding: bytes, as: UTF8.self))")
            if case .failure = read { refused += 1 }
            let isDirect = (try? JSONTape.read(bytes) { SnapshotLine.messages($0) != nil }) ?? false
            if isDirect { direct += 1 } else { left += 1 }
        }
        print("seed \(seed): \(direct) lines read directly, \(left) left to the tree, \(refused) refused")
        #expect(direct > Self.runs / 4 && left > Self.runs / 4 && refused > 0)
    }

    /// What the service writes is read directly, or the way past the tree is lost.
    @Test func rowsAsTheServiceWritesThemAreReadDirectly() throws {
        var writer = MessageLineWriter(shape: "s", handle: ShapeHandle("h"))
        let clock = RowClock(version: 3, clock: HybridTimestamp(microseconds: 4))
        for number in 0..<3 {
            MessageWriter(table: TableName(name: "item")).write(
                .insert, key: RowKey(values: [Value("\(number)")]), row: Row([Value("\(number)"), .null, "x\ny"]),
                columns: ["id", "name", "note"], selection: [0, 1, 2], clock: number == 1 ? nil : clock, origin: nil,
                to: &writer.json)
        }
        let bytes = Array(writer.finish(offset: .snapshotEnd, hasMore: true).dropLast())
        let messages = try #require(try JSONTape.read(bytes) { SnapshotLine.messages($0) })
        #expect(.success(.messages(messages)) == throughTree(bytes))
        #expect(messages.messages.map(\.clock) == [clock, nil, clock])
        #expect(messages.messages.last?.fields.last == ShapeMessage.Field("note", "x\ny"))
    }
}
