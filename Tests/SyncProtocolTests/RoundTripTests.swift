import JSONText
import SeededRandom
import SyncModel
import SyncProtocol
import Testing

/// What is written is read back the same, for random messages; a changed one is read or refused, never fatal.
@Suite struct RoundTripTests {
    private static let seed: UInt64 = 20_260_801
    private static let runs = 2_000

    @Test func operationsRequestsComeBack() throws {
        var random = SeededGenerator(seed: Self.seed)
        var operations = 0
        for _ in 0..<Self.runs {
            let request = random.operationsRequest()
            operations += request.operations.count
            #expect(try OperationsRequest(body: request.body) == request)
        }
        print("seed \(Self.seed): \(Self.runs) requests, \(operations) operations")
        #expect(operations > Self.runs)
    }

    @Test func verdictsComeBackFromWireAndStore() throws {
        var random = SeededGenerator(seed: Self.seed)
        var lost = 0
        for run in 0..<Self.runs {
            let verdicts = (1...3).map { random.verdict(seq: Int64($0)) }
            lost += verdicts.reduce(0) { $0 + $1.lost.count }
            let answer = OperationsAnswer(
                epoch: random.epoch(), replica: ReplicaID("r\(run)"), lastSeq: 3, at: random.timestamp(),
                verdicts: verdicts)
            #expect(try OperationsAnswer(body: answer.body) == answer)
            for verdict in verdicts {
                #expect(try Verdict(json: verdict.json, isDuplicate: verdict.isDuplicate) == verdict)
            }
        }
        print("seed \(Self.seed): \(Self.runs) answers, \(lost) lost writes")
        #expect(lost > 0)
    }

    @Test func answerLinesComeBack() throws {
        var random = SeededGenerator(seed: Self.seed)
        var messages = 0
        for _ in 0..<Self.runs {
            let line = random.answerLine()
            if case .messages(let shape) = line { messages += shape.messages.count }
            let bytes = line.bytes
            #expect(bytes.last == UInt8(ascii: "\n"))
            #expect(!bytes.dropLast().contains(UInt8(ascii: "\n")))
            #expect(try SyncAnswerLine(line: Array(bytes.dropLast())) == line)
        }
        print("seed \(Self.seed): \(Self.runs) lines, \(messages) messages")
        #expect(messages > 0)
    }

    @Test func changedMessagesNeverCrashADecoder() {
        var random = SeededGenerator(seed: Self.seed)
        var (read, refused) = (0, 0)
        for _ in 0..<6_000 {
            let original =
                switch random.below(3) {
                case 0: random.operationsRequest().body
                case 1: Array(random.answerLine().bytes.dropLast())
                default: random.verdict(seq: 1).json
                }
            let changed = Self.mutate(original, &random)
            for wasRead in Self.decodeAll(changed) { if wasRead { read += 1 } else { refused += 1 } }
        }
        print("seed \(Self.seed): \(read) read, \(refused) refused")
        #expect(read > 0 && refused > 0)
    }

    private static func decodeAll(_ bytes: [UInt8]) -> [Bool] {
        [
            (try? SyncRequest(body: bytes)) != nil,
            (try? OperationsRequest(body: bytes)) != nil,
            (try? OperationsAnswer(body: bytes)) != nil,
            (try? SyncAnswerLine(line: bytes)) != nil,
            (try? SchemaAnswer(body: bytes)) != nil,
            (try? Verdict(json: bytes)) != nil,
            (try? ShapeMessage(json: bytes)) != nil,
            ServiceError(status: 409, body: bytes).code != .badRequest,
        ]
    }

    private static let inserts = [
        "null", "-1", "1e999", "9223372036854775808", "{}", "[]", "\"\"", "\\ud800", "\u{0}", "\"a\":", ",",
        "\"",
    ]

    private static func mutate(_ bytes: [UInt8], _ random: inout SeededGenerator) -> [UInt8] {
        var bytes = bytes
        for _ in 0...random.below(3) {
            let place = random.below(bytes.count + 1)
            switch random.below(4) {
            case 0: bytes.insert(contentsOf: inserts[random.below(inserts.count)].utf8, at: place)
            case 1: bytes.removeSubrange(place..<min(bytes.count, place + random.below(9)))
            case 2: if place < bytes.count { bytes[place] = UInt8(truncatingIfNeeded: random.next()) }
            default: bytes.removeSubrange(place...)
            }
            if bytes.isEmpty { break }
        }
        return bytes
    }
}
