import JSONText
import SeededRandom
import Shapes
import SyncModel
import SyncProtocol

/// Random messages with everything in them that is awkward on a wire.
extension SeededGenerator {
    private static let pieces = [
        "a", "b", "name", "é", "e\u{301}", "\"", "\\", "/", "//", ".", "\n", "\u{1}", "😀", "_", " ",
        "\u{7f}",
        "",
    ]

    mutating func string() -> String {
        (0..<below(5)).map { _ in Self.pieces[below(Self.pieces.count)] }.joined()
    }

    mutating func identifier() -> String { "id-\(below(1 << 40))" }
    mutating func columnName() -> String { ["id", "name", "größe", "a.b", "x/y", "\"q\""][below(6)] }
    mutating func value() -> Value { chance(50) ? .text(Text(string())) : .null }
    mutating func timestamp() -> HybridTimestamp { HybridTimestamp(microseconds: Int64(below(1 << 53)) + 1) }
    mutating func epoch() -> Epoch { Epoch(systemIdentifier: "\(next())", timeline: below(9) + 1) }
    mutating func tableName() -> TableName {
        TableName(schema: ["public", "s/x", "é"][below(3)], name: ["steps", "a.b", "\"q\""][below(3)])
    }

    mutating func offset() -> LogOffset {
        switch below(4) {
        case 0: .snapshotEnd
        case 1: LogOffset(tx: 0, op: UInt64(below(100)))
        case 2: .endOf(tx: next())
        default: LogOffset(tx: next(), op: UInt64(below(1 << 40)))
        }
    }

    mutating func set() -> [String: Value] {
        var set: [String: Value] = [:]
        for _ in 0..<below(4) { set["c" + columnName()] = value() }
        return set
    }

    mutating func operation(group: String?) -> Operation {
        let action: Operation.Action = [.insert, .update, .upsert, .delete][below(4)]
        return Operation(
            id: OperationID(identifier()), table: tableName(), action: action,
            key: ["id": Text(string()), columnName() + "k": Text(string())],
            set: action == .delete ? [:] : set(),
            at: timestamp(), base: Int64(below(1 << 60)), group: group)
    }

    mutating func operationsRequest() -> OperationsRequest {
        let first = Int64(below(1 << 40)) + 1
        if below(4) == 0 { return withdrawalRequest(first: first) }
        var operations: [SequencedOperation] = []
        for index in 0..<below(6) {
            let group = chance(50) ? "g\(index / 2)" : nil
            operations.append(
                SequencedOperation(seq: first + Int64(index), operation: operation(group: group)))
        }
        return OperationsRequest(
            replica: ReplicaID(identifier()), epoch: chance(50) ? epoch() : nil, acknowledged: first - 1,
            operations: operations)
    }

    private mutating func withdrawalRequest(first: Int64) -> OperationsRequest {
        let entries = (0...Int64(below(5))).map {
            Withdrawal.Entry(seq: first + $0, id: OperationID(identifier()))
        }
        let message = string().replacing("\u{0}", with: "")
        let code = chance(50) ? VerdictReason.badRequest : .tooLarge
        return OperationsRequest(
            replica: ReplicaID(identifier()), epoch: epoch(), acknowledged: first - 1, operations: [],
            withdrawal: Withdrawal(operations: entries, reason: code.reason(message)))
    }

    mutating func reason() -> Reason { Reason(code: identifier(), message: string()) }

    mutating func verdict(seq: Int64) -> Verdict {
        var lost: [LostWrite] = []
        for _ in 0..<below(3) {
            lost.append(
                LostWrite(
                    column: chance(50) ? columnName() : nil, mine: chance(50) ? value() : .absent,
                    theirs: chance(50) ? value() : .absent, writer: chance(50) ? .plainSQL : ReplicaID(identifier()),
                    writtenAt: timestamp()))
        }
        return Verdict(
            seq: seq, id: OperationID(identifier()),
            outcome: [.applied, .merged, .conflict, .rejected][below(4)],
            at: timestamp(), lost: lost, reason: chance(50) ? reason() : nil, isDuplicate: chance(50))
    }

    mutating func shapeMessage() -> ShapeMessage {
        let origin = ShapeMessage.Origin(
            offset: LogOffset(tx: next(), op: UInt64(below(1 << 40))),
            xid: UInt32(truncatingIfNeeded: next()),
            isLast: chance(50))
        var fields: [ShapeMessage.Field] = []
        for index in 0..<below(20) { fields.append(ShapeMessage.Field("\(columnName())\(index)", value())) }
        return ShapeMessage(
            kind: [.insert, .update, .delete][below(3)], table: tableName(),
            key: RowKey(values: [.text(Text(string())), value()]), fields: fields,
            clock: chance(50) ? RowClock(version: Int64(below(1 << 60)), clock: timestamp()) : nil,
            origin: chance(50) ? origin : nil)
    }

    private mutating func failures() -> ShapeFailures {
        guard chance(70) else { return .none }
        let first = ConditionFailure(
            table: tableName(), key: RowKey(values: [.text(Text(string()))]), message: string())
        return ShapeFailures(count: below(1 << 40) + 1, first: first, tag: identifier())
    }

    mutating func answerLine() -> SyncAnswerLine {
        switch below(5) {
        case 0: return .hello(epoch: epoch(), server: string())
        case 1:
            return .reset(
                shape: identifier(), handle: ShapeHandle(identifier()), tables: [TableName(name: "t")])
        case 2: return .ended(shape: identifier(), reason: reason())
        case 3:
            return .frontier(
                Frontier(
                    epoch: epoch(), position: next(), confirmedSeq: Int64(below(99)), isComplete: chance(50),
                    serviceClock: timestamp(), schemaTag: chance(50) ? identifier() : nil))
        default:
            var messages: [ShapeMessage] = []
            for _ in 0..<below(4) { messages.append(shapeMessage()) }
            return .messages(
                SyncAnswerLine.ShapeMessages(
                    shape: identifier(), handle: ShapeHandle(identifier()), offset: offset(),
                    messages: messages,
                    hasMore: chance(50), failures: chance(30) ? failures() : nil))
        }
    }
}
