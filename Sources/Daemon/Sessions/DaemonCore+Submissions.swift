import DaemonProtocol
import JSONRPC
import JSONRPCTransport
import NIOCore
import Replica
import SyncModel

/// An `operation/submit` that is not accepted yet.
struct WaitingSubmission {
    let id: JSONRPC.RequestID
    let connection: Connection
    let request: SubmissionRequest
}

/// What connections submit in one turn of the event loop is taken into the queue together: the disk is synced once
/// for all of it, and nobody is answered before that. Any other event finds everything accepted that came before
/// it, so that nobody can tell but by the time it takes.
extension DaemonCore {
    /// More would keep the first of them waiting.
    private static let maxGroup = 256

    /// True: the event is a submission, which waits with the others of this turn.
    func gather(_ event: Event) -> Bool {
        guard case .requested(let request, let connection) = event, request.method == SubmitOperations.method,
            // A replica in memory has nothing to sync, and answers with the verdict.
            openingProblem == nil, submissions.count < Self.maxGroup, clients[connection.id] != nil,
            let params = try? SubmitOperations.params(of: request), !params.isDryRun
        else { return false }
        if submissions.isEmpty {
            let post = post
            loop.execute { post(.submissionsDue) }
        }
        submissions.append(
            WaitingSubmission(
                id: request.id, connection: connection,
                request: SubmissionRequest(params.operations.map { Submission($0) }, isAtomic: params.isAtomic)))
        return true
    }

    func acceptSubmissions() {
        let group = submissions
        submissions = []
        let results = replica.submit(group.map(\.request), now: now, newID: surroundings.newOperationID)
        var isQueueChanged = false
        for (waiting, result) in zip(group, results) {
            switch result {
            case .success(let accepted):
                storageProblem = nil
                isQueueChanged = true
                effects.append(accepted.effects)
                waiting.connection.answer(waiting.id, .result(SubmitOperations.Result(accepted).json))
            case .failure(let error):
                noteStorage(error)
                waiting.connection.answer(waiting.id, .error(ResponseError(error)))
            }
        }
        if isQueueChanged { sync(.queueChanged) }
    }
}

extension SubmitOperations.Result {
    init(_ accepted: AcceptedSubmission, isDryRun: Bool = false) {
        self.init(
            operations: accepted.operations.map {
                SubmitOperations.Accepted(id: $0.operation.id, state: $0.state.wire)
            }, sequence: accepted.effects.sequence,
            isDryRun: isDryRun)
    }
}
