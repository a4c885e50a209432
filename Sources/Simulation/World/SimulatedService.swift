import Merge
import SyncModel
import SyncProtocol
import SyncService

/// The service's process: the production mirror, answers and operation processor over the model database.
struct SimulatedService {
    /// A request that is held until there is something to say.
    struct Held {
        let exchange: Int
        let request: SyncRequest
        /// The frontier has to reach this first.
        let barrier: UInt64?
        let deadline: Int
    }

    struct Process {
        let mirror: SynchronousMirror
        /// How many of the model's commits the stream has brought.
        var streamed: Int
        var held: [Held] = []
        /// A sync that takes its time, and what is flushed when it is done.
        var flush: (position: LSN, mark: SimulatedDisk.Mark?)?
    }

    var disk: SimulatedDisk
    var process: Process?
    var life = 0
    /// The slot's `confirmed_flush_lsn`; nil: there is no slot.
    var flushed: LSN?
    var epoch = Epoch(systemIdentifier: "7301", timeline: 1)
    /// Counts, so that the catalogue is looked at now and then.
    var looks = 0
    var hasBackup = false
}

extension SimulatedService {
    /// `POST /v1/operations`, as the route does it.
    func operations(
        _ body: [UInt8], user: String, database: ModelDatabase, arrival: HybridTimestamp
    ) -> Result<OperationsAnswer, ServiceError> {
        do {
            let request = try OperationsRequest(body: body)
            return .success(try answer(request, user: user, database: database, arrival: arrival))
        } catch let error as ServiceError {
            return .failure(error)
        } catch let failure as OperationFailure {
            return .failure(Self.error(failure))
        } catch {
            return .failure(ServiceError(.internal, "\(error)"))
        }
    }

    func answer(
        _ request: OperationsRequest, user: String, database: ModelDatabase, arrival: HybridTimestamp
    ) throws -> OperationsAnswer {
        let batch = OperationBatch(
            replica: request.replica, epoch: request.epoch, acknowledged: request.acknowledged,
            operations: request.operations, withdrawal: request.withdrawal)
        let result = try OperationProcessor(database: database, epoch: epoch)
            .process(batch, user: user, arrival: arrival)
        switch result {
        case .answered(let answer):
            return OperationsAnswer(
                epoch: epoch, replica: request.replica, lastSeq: answer.lastSeq, at: arrival,
                verdicts: answer.verdicts)
        case .refused(.sequenceGap(let expected)): throw ServiceError.sequenceGap(expected: expected)
        case .refused(.replicaInUse): throw ServiceError(.replicaInUse, "another user's replica")
        case .refused(.epochChanged(let epoch, let lastSeq)):
            throw ServiceError.epochChanged(to: epoch, lastSeq: lastSeq)
        case .refused(.malformed(let message)): throw ServiceError.badRequest(message)
        }
    }

    private static func error(_ failure: OperationFailure) -> ServiceError {
        switch failure {
        case .retry(let message), .unavailable(let message): ServiceError(.notReady, message)
        case .refused(_, let reason): ServiceError(.internal, reason.message)
        }
    }
}
