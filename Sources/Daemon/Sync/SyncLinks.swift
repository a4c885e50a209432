import NIOCore
import SyncClient

/// The three state machines that talk to the service.
enum SyncMachine: Int, Hashable, Sendable, CaseIterable { case stream, sender, schema }

/// What is under way for each machine: at most one transfer and one timer.
struct SyncLinks {
    struct Link {
        var transfer: (request: SyncClient.RequestID, id: HTTPTransferID)?
        var timer: (id: SyncClient.TimerID, scheduled: Scheduled<Void>)?
    }

    private var links = [Link](repeating: Link(), count: SyncMachine.allCases.count)
    /// When the stream tries again, in microseconds since 1970; nil while it does not wait.
    var retryAt: Int64?

    subscript(machine: SyncMachine) -> Link {
        get { links[machine.rawValue] }
        set { links[machine.rawValue] = newValue }
    }

    /// An answer ends its transfer.
    mutating func noteAnswer(_ event: SyncCoordinator.Event) {
        if case .stream(.answerReceived(let id, _)) = event { finished(.stream, id) }
        if case .sender(.answerReceived(let id, _)) = event { finished(.sender, id) }
        if case .schema(.answerReceived(let id, _, _)) = event { finished(.schema, id) }
    }

    /// The transfer of this request is over.
    mutating func finished(_ machine: SyncMachine, _ request: SyncClient.RequestID) {
        if self[machine].transfer?.request == request { self[machine].transfer = nil }
    }
}
