import Merge
import Postgres
import Shapes
import SyncModel
import SyncProtocol

/// `POST /v1/operations`: hands the batch to a connection of its own and puts the result into the wire's words.
struct OperationsRoute: Sendable {
    let mirror: Mirror
    let pool: ConnectionPool
    let lostWrites: LostWriteFilter
    let now: @Sendable () -> HybridTimestamp
    let report: @Sendable (String) -> Void

    func answer(_ request: OperationsRequest, from person: Person) async throws -> OperationsAnswer {
        guard let schema = mirror.catalogue, let epoch = mirror.epoch else {
            throw ServiceError(.notReady, "the mirror is being copied: try again shortly")
        }
        let batch = OperationBatch(
            replica: request.replica, epoch: request.epoch, acknowledged: request.acknowledged,
            operations: request.operations, withdrawal: request.withdrawal)
        let arrival = now()
        let result: BatchResult
        do {
            result = try await pool.run { pooled in
                let database = try pooled.operationDatabase(for: schema)
                return try OperationProcessor(database: database, epoch: epoch)
                    .process(batch, user: person.name, arrival: arrival)
            }
        } catch let failure as OperationFailure {
            throw Self.error(failure)
        } catch let error as PostgresError where error.isRetryable {
            throw ServiceError(.notReady, "PostgreSQL is away: \(error.message)")
        }
        switch result {
        case .answered(let answer):
            for alarm in answer.alarms {
                report("replica \(alarm.replica): its clock is \(alarm.ahead / 1_000_000) s ahead (seq \(alarm.seq))")
            }
            let verdicts = try await lostWrites.confined(
                answer.verdicts, on: request.operations,
                to: ReadAccess(rules: mirror.rules, claims: person.claims))
            return OperationsAnswer(
                epoch: epoch, replica: request.replica, lastSeq: answer.lastSeq, at: now(), verdicts: verdicts)
        case .refused(let refusal): throw Self.error(refusal)
        }
    }

    private static func error(_ failure: OperationFailure) -> ServiceError {
        switch failure {
        case .retry(let message): ServiceError(.notReady, "other transactions are in the way: \(message)")
        case .unavailable(let message): ServiceError(.notReady, "PostgreSQL is away: \(message)")
        case .refused(_, let reason): ServiceError(.internal, reason.message)
        }
    }

    private static func error(_ refusal: BatchRefusal) -> ServiceError {
        switch refusal {
        case .sequenceGap(let expected): .sequenceGap(expected: expected)
        case .replicaInUse:
            ServiceError(.replicaInUse, "this replica id belongs to another user: use another state folder")
        case .epochChanged(let epoch, let lastSeq): .epochChanged(to: epoch, lastSeq: lastSeq)
        case .malformed(let message): .badRequest(message)
        }
    }
}
