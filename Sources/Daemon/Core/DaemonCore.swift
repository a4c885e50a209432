import DaemonProtocol
import JSONRPC
import JSONRPCTransport
import JSONText
import Logging
import NIOCore
import Replica
import SyncClient
import SyncModel
import SyncProtocol

/// The daemon's state, and the one place where everything that happens to it arrives, one event after the other.
///
/// Confined to one event loop, the connections' own: an event is handled to its end before the next, without
/// suspension, so what is read and what is written belong together. Files beside this one say what each event means.
final class DaemonCore {
    enum Event: Sendable {
        case started
        case connected(Connection)
        case requested(Request, Connection)
        case cancelled(JSONRPC.RequestID, Connection)
        /// Every connection that had something to say has been read.
        case submissionsDue
        case drained(Connection)
        case closed(Connection)
        case sync(SyncCoordinator.Event)
        /// Parts of snapshots, of an answer that is still on its way.
        case arrived([ShapeBatch], SyncClient.RequestID)
        /// A request to the service ended without its answer.
        case failed(SyncMachine, SyncClient.RequestID, RequestFailure)
        case timerFired(SyncMachine, SyncClient.TimerID)
        case waitedEnough(WaiterID)
        /// The service explained a row, or did not.
        case explained(WaiterID, Result<ExplainAnswer, RequestFailure>)
        case idleLongEnough
        case whenAlone(EventLoopPromise<Void>)
        /// No new waiting from here on. Told when nobody waits.
        case stopping(EventLoopPromise<Void>)
        /// Those who still wait have waited long enough.
        case endWaiting
        /// Told when all connections are closed.
        case closing(EventLoopPromise<Void>)
        case giveUpClients
    }

    let settings: DaemonSettings
    let surroundings: DaemonSurroundings
    let replica: Replica
    /// Why the replica is in memory.
    let openingProblem: Reason?
    /// What `info` says, serialised: nothing of it changes while the daemon runs.
    private(set) lazy var infoText = info.json.serialized()
    /// Why the last attempt to read or write the replica failed.
    var storageProblem: Reason?
    var coordinator: SyncCoordinator
    var adoption = SchemaAdoption()
    var modelReading = ModelReading()
    /// By connection id.
    var clients: [Int: ClientSession] = [:]
    var waiters = Waiters()
    /// Taken into the queue together, before anything else happens.
    var submissions: [WaitingSubmission] = []
    /// Not told to anybody yet: the answer to the request that caused them comes first.
    var effects: [Effects] = []
    /// What came for shapes that are not in view, and is not told yet.
    var arrivals: [ShapeBatch] = []
    /// What came of the answer that is on its way could not be stored, and it is not whole without it.
    var hasLostArrivals = false
    var links = SyncLinks()
    /// Asked once clients are told of the answer before it: the thread that sends takes the processor.
    var nextRequest: (request: SyncRequest, id: SyncClient.RequestID)?
    /// Requests for explanations that are under way, by who waits for them.
    var explaining: [WaiterID: HTTPTransferID] = [:]
    var frontier: Frontier?
    /// Microseconds since 1970; of a contact before this start by the service's clock.
    var lastContact: Int64?
    /// When the stream last told of everything up to a frontier, in microseconds since 1970. Not stored.
    var frontierReachedAt: Int64?
    var lastStatus: SyncStatus?
    /// Something happened that the status may show. Reading does not.
    var isStatusDue = true
    var lastPrune: Int64 = 0
    var idleTimer: Scheduled<Void>?
    var isStopping = false
    var watchers = Watchers()
    let loop: any EventLoop
    /// Hands an event in, from any thread.
    let post: @Sendable (Event) -> Void
    /// Asks the process to end.
    let requestStop: @Sendable () -> Void
    private var inbox: [Event] = []
    private var isRunning = false

    init(
        settings: DaemonSettings, surroundings: DaemonSurroundings, opened: OpenedReplica, loop: any EventLoop,
        post: @escaping @Sendable (Event) -> Void, requestStop: @escaping @Sendable () -> Void
    ) {
        self.settings = settings
        self.surroundings = surroundings
        replica = opened.replica
        openingProblem = opened.problem
        lastContact = opened.replica.answeredAt?.microseconds
        coordinator = SyncCoordinator(replica: opened.replica.id, batchSize: settings.batchSize)
        self.loop = loop
        self.post = post
        self.requestStop = requestStop
    }

    /// An event that comes while another one is handled (a write that drains an outbox, for one) waits for its turn.
    func receive(_ event: Event) {
        inbox.append(event)
        guard !isRunning else { return }
        isRunning = true
        var next = 0
        while next < inbox.count {
            let event = inbox[next]
            next += 1
            if gather(event) { continue }
            if !submissions.isEmpty {
                acceptSubmissions()
                settle()
            }
            handle(event)
            settle()
        }
        inbox.removeAll(keepingCapacity: true)
        isRunning = false
    }

    private func handle(_ event: Event) {
        switch event {
        case .started: begin()
        case .connected(let connection): connected(connection)
        case .requested(let request, let connection): requested(request, connection)
        case .cancelled(let id, let connection): cancelled(id, connection)
        // They were accepted before this.
        case .submissionsDue: break
        case .drained(let connection): drained(connection)
        case .closed(let connection): closed(connection)
        case .sync(let event):
            links.noteAnswer(event)
            sync(event)
        case .arrived(let parts, let id): arrived(parts, id)
        case .failed(let machine, let id, let failure): failed(machine, id, failure)
        case .timerFired(let machine, let id): timerFired(machine, id)
        case .waitedEnough(let id): waitedEnough(id)
        case .explained(let id, let answer): explained(id, answer)
        case .idleLongEnough: idleLongEnough()
        case .whenAlone(let promise): watchers.alone = promise
        case .stopping(let promise):
            isStopping = true
            watchers.stopping = promise
        case .endWaiting: endWaiting()
        case .closing(let promise):
            watchers.closing = promise
            closeClients()
        case .giveUpClients: clients = [:]
        }
    }

    /// What an event leaves to be told, in this order: changes, answers that waited, the status. Then the service is
    /// asked for more.
    private func settle() {
        publishEffects()
        answerWaiters()
        giveUpExplaining()
        publishStatus()
        sendNextRequest()
        tellWatchers()
    }

    var now: HybridTimestamp { surroundings.now() }
    var logger: Logger { surroundings.logger }
}
