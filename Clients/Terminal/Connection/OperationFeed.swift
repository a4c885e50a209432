import DaemonProtocol
import JSONRPC
import PipelineFiles
import TerminalText

/// Submits many operations, pausing while the queue has no room.
struct OperationFeed {
    let daemon: DaemonConnection

    /// Milliseconds after which a full queue is tried again without having been told of room.
    private static let retry = 1_000

    /// Throws `PipelineFileError` when the daemon refuses an operation as such.
    func submit(_ operations: [SubmittedOperation]) throws {
        var pacer = SubmitPacer(total: operations.count)
        var hasSaid = false
        while true {
            switch pacer.next() {
            case .done: return
            case .waitForRoom:
                if !hasSaid { try explainWait() }
                hasSaid = true
                _ = try daemon.nextNotification(timeout: Self.retry)
                pacer.roomMade()
            case .submit(let range):
                try submit(operations, range, &pacer)
            }
        }
    }

    private func submit(
        _ operations: [SubmittedOperation], _ range: Range<Int>, _ pacer: inout SubmitPacer
    ) throws {
        do {
            let params = SubmitOperations.Params(operations: Array(operations[range]))
            _ = try daemon.call(SubmitOperations.self, params)
            pacer.accepted(range)
        } catch let error as ResponseError {
            switch DaemonErrorCode(rawValue: error.code) {
            case .queueFull: pacer.queueFull(range)
            case .invalidOperation, .tooLarge: throw PipelineFileError(error.message)
            case .unknownSubscription, .invalidShape, .unknownOperation, .offline, .timeout, .storage,
                .schemaUnknown, .unknownShape, .shapeInUse, nil:
                throw CommandFailure(error)
            }
        }
    }

    private func explainWait() throws {
        let status = try daemon.call(ReadSyncStatus.self, Nothing())
        Output.say("The queue is full (\(status.pending) pending): waiting for room. \(StatusText.room(status))")
    }
}
