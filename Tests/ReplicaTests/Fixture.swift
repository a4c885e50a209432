import Replica
import Shapes
import SyncModel

/// A replica in memory that holds one shape, and the messages that a service would send it.
final class Fixture {
    let replica: Replica
    private(set) var confirmedSeq: Int64 = 0
    private var position: UInt64 = 10
    private var nextID = 0

    init(limits: ReplicaLimits = ReplicaLimits()) throws {
        replica = try Replica(location: .memory, limits: limits, newReplicaID: ReplicaID("r"))
        _ = try replica.adopt(schema: Sample.schema, dataModel: "version: 1")
    }

    func hold(_ json: String) throws -> HeldShape {
        try replica.hold(Sample.definition(json)).shape
    }

    func insert(_ table: TableName, _ id: String, _ values: [String: Value], version: Int64 = 1) -> ShapeMessage {
        message(.insert, table, id, values, version)
    }

    func update(_ table: TableName, _ id: String, _ values: [String: Value], version: Int64 = 2) -> ShapeMessage {
        message(.update, table, id, values, version)
    }

    func delete(_ table: TableName, _ id: String) -> ShapeMessage { message(.delete, table, id, [:], 3) }

    private func message(
        _ kind: ShapeMessage.Kind, _ table: TableName, _ id: String, _ values: [String: Value], _ version: Int64
    ) -> ShapeMessage {
        let fields =
            [ShapeMessage.Field("id", Value(id))]
            + values.sorted { $0.key < $1.key }.map { ShapeMessage.Field($0.key, $0.value) }
        return ShapeMessage(
            kind: kind, table: table, key: Sample.key(id), fields: fields,
            clock: RowClock(version: version, clock: HybridTimestamp(microseconds: version)))
    }

    /// An answer for one shape; the first one begins its life.
    @discardableResult
    func answer(
        _ shape: HeldShape, _ messages: [ShapeMessage] = [], isReset: Bool = false, hasMore: Bool = false,
        confirmed: Int64? = nil, ended: Reason? = nil, failures: ShapeFailures? = nil,
        epoch: Epoch = Sample.epoch
    ) throws -> Effects {
        confirmedSeq = confirmed ?? confirmedSeq
        position += 1
        let handle = replica.heldShape(shape.id)?.handle
        var part = ShapeBatch(
            shape: shape.id, handle: isReset ? ShapeHandle("h\(position)") : handle ?? ShapeHandle("h"),
            offset: LogOffset(tx: position, op: 0), isReset: isReset || handle == nil, messages: messages,
            hasMore: hasMore, ended: ended)
        part.failures = failures
        let effects = try replica.apply(SyncBatch(shapes: [part], frontier: frontier(isComplete: !hasMore, epoch)))
        return effects.last ?? Effects(sequence: 0)
    }

    func frontier(isComplete: Bool = true, _ epoch: Epoch = Sample.epoch) -> Frontier {
        Frontier(
            epoch: epoch, position: position, confirmedSeq: confirmedSeq, isComplete: isComplete,
            serviceClock: HybridTimestamp(microseconds: 1_000))
    }

    @discardableResult
    func submit(_ submissions: Submission..., atomic: Bool = false) throws -> Effects {
        try replica.submit(
            submissions, atomic: atomic, now: HybridTimestamp(microseconds: 5_000),
            newID: {
                nextID += 1
                return OperationID("op\(nextID)")
            }
        ).effects
    }

    /// Sends what is to be sent, and gives each operation the same verdict.
    @discardableResult
    func send(_ outcome: Verdict.Outcome = .applied, limit: Int = 100) throws -> [Int64] {
        let batch = try replica.batchToSend(limit: limit).batch
        let verdicts = batch.operations.map {
            Verdict(
                seq: $0.seq, id: $0.operation.id, outcome: outcome, at: $0.operation.at,
                reason: outcome == .applied ? nil : Reason(code: "check_violation", message: "no"))
        }
        _ = try replica.received(verdicts, epoch: Sample.epoch, lastSeq: verdicts.last?.seq ?? 0)
        return verdicts.map(\.seq)
    }

    func ids(_ shape: HeldShape) throws -> [String] {
        try replica.read(shape: shape.id, limit: 1000).rows.map {
            "\($0.table.name) \($0.key.description.dropFirst().dropLast())"
        }
    }

    func value(_ shape: HeldShape, _ table: TableName, _ id: String, _ column: String) throws -> Value? {
        try replica.row(shape: shape.id, table: table, key: Sample.key(id))?.fields
            .first { $0.column == column }?.value
    }

    func states() throws -> [String] {
        try replica.operations(limit: 1000).map { "\($0.operation.id) \($0.state.rawValue)" }
    }
}
