import DaemonProtocol
import JSONRPC
import Replica
import SyncClient
import SyncModel

/// A submission that stands alone: a dry run, one to a replica in memory, one whose parameters are wrong, and one too
/// many for a group. Others are gathered (`DaemonCore.gather`).
enum SubmitOperationsHandler: RequestHandler {
    typealias Method = SubmitOperations

    static func answer(
        _ params: SubmitOperations.Params, _ caller: Caller, _ core: DaemonCore
    ) throws(ResponseError) -> SubmitOperations.Result? {
        let isOnlineOnly = core.openingProblem != nil
        if isOnlineOnly, core.replica.isPaused || core.coordinator.connection != .connected {
            throw ResponseError(
                .offline,
                "The replica cannot be kept on disk (\(core.openingProblem?.message ?? "")), so changes are taken only "
                    + "while the service is reached: try again when it is.")
        }
        let result = try submit(params, core)
        if params.isDryRun { return result }
        core.sync(.queueChanged)
        guard isOnlineOnly else { return result }
        core.wait(caller, for: .verdicts(result), timeout: nil)
        return nil
    }

    private static func submit(
        _ params: SubmitOperations.Params, _ core: DaemonCore
    ) throws(ResponseError) -> SubmitOperations.Result {
        let submissions = params.operations.map { Submission($0) }
        let accepted: AcceptedSubmission
        do throws(ReplicaError) {
            let (operations, effects) = try core.replica.submit(
                submissions, atomic: params.isAtomic, now: core.now, dryRun: params.isDryRun,
                newID: core.surroundings.newOperationID)
            accepted = AcceptedSubmission(operations: operations, effects: effects)
        } catch {
            core.noteStorage(error)
            throw ResponseError(error)
        }
        if !params.isDryRun {
            core.storageProblem = nil
            core.effects.append(accepted.effects)
        }
        return SubmitOperations.Result(accepted, isDryRun: params.isDryRun)
    }
}
