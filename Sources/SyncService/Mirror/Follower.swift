import Foundation
import Postgres
import SyncModel
import Synchronization

/// Keeps the mirror following PostgreSQL, on its own thread, for as long as the service runs.
///
/// | state | event | next |
/// |---|---|---|
/// | starting | connected, plan is resume | streaming |
/// | starting | connected, any other plan | copying |
/// | copying | copied | streaming |
/// | streaming | the catalogue differs | starting |
/// | any | an error, or another service has the slot's lock | waiting, then starting |
/// | any | stop | stopped |
package final class Follower: Sendable {
    package struct Configuration: Sendable {
        package var conninfo: String
        package var slot: String
        /// The user's publications; `satchel`'s own is added.
        package var publications: [String]
        package var retention: Mirror.Retention
        package var memory = TransactionMemory()

        /// What is held of a transaction before it is written beside the mirror: so many slices of so many received
        /// bytes. In memory a row takes some times as much as in the stream.
        package struct TransactionMemory: Sendable {
            package var sliceBytes = 4 << 20
            package var slices = 4

            package init() {}
        }

        package init(
            conninfo: String, slot: String = "satchel", publications: [String] = ["satchel_tables"],
            retention: Mirror.Retention = Mirror.Retention()
        ) {
            self.conninfo = conninfo
            self.slot = slot
            self.publications = publications
            self.retention = retention
        }
    }

    package enum Status: Hashable, Sendable {
        case starting
        case copying(TableName?, rows: Int)
        case streaming
        case waiting(reason: String)
        case stopped
    }

    /// What is worth a line in the log.
    package enum Event: Sendable {
        /// Tables are read anew.
        case copying(because: String)
        /// The slot is not made before this transaction has ended.
        case waiting(RunningTransaction)
        case copied(rows: Int)
        case streaming(from: LSN)
        case refused(TableName, because: String)
        case failed(String)
        /// After failures.
        case worksAgain(String)
    }

    private struct State {
        var status = Status.starting
        var isStopping = false
        var stream: ReplicationStream?
        var hasBegun = false
        /// PostgreSQL's process that holds the slot's lock for us.
        var lockPID: Int32?
    }

    let mirror: Mirror
    let configuration: Configuration
    let report: @Sendable (Event) -> Void
    private let state = Mutex(State())
    let wake = DispatchSemaphore(value: 0)

    package init(mirror: Mirror, configuration: Configuration, report: @escaping @Sendable (Event) -> Void) {
        self.mirror = mirror
        self.configuration = configuration
        self.report = report
    }

    package var status: Status { state.withLock { $0.status } }

    var isStopping: Bool { state.withLock { $0.isStopping } }

    var lockPID: Int32? { state.withLock { $0.lockPID } }

    package var hasBegun: Bool { state.withLock { $0.hasBegun } }

    /// Follows on a thread of its own until `stop`; `ended` is signalled then, and the lock released.
    package func start(_ lock: SlotLock, ended: DispatchSemaphore) {
        state.withLock { $0.hasBegun = true }
        let thread = Thread { [self] in
            run(lock)
            lock.release()
            ended.signal()
        }
        thread.stackSize = 8 << 20
        thread.start()
    }

    /// Errors are waited out: 0.2 s, doubled up to 5 s.
    private func run(_ lock: SlotLock) {
        let upkeep = Thread { [self] in keepUp() }
        upkeep.start()
        var delay = 0.2
        var failures = FailureLog()
        // What the stream says of a table may be over by the time that the catalogue is looked at.
        var doubted: [TableName] = []
        while !isStopping {
            do {
                try followOnce(lock, doubting: doubted) {
                    delay = 0.2
                    doubted = []
                    if let text = failures.worked(at: Self.now) { report(.worksAgain(text)) }
                }
            } catch let error as Mirror.SchemaChanged {
                doubted = error.table.map { [$0] } ?? []
            } catch {
                if isStopping { break }
                set(.waiting(reason: "\(error)"))
                if let text = failures.failed("\(error)", at: Self.now) { report(.failed(text)) }
                _ = wake.wait(timeout: .now() + delay)
                delay = min(delay * 2, 5)
            }
        }
        set(.stopped)
    }

    package func stop() {
        let stream = state.withLock { state in
            state.isStopping = true
            return state.stream
        }
        stream?.stop()
        wake.signal()
    }

    /// nil while nothing is streamed.
    var stream: ReplicationStream? { state.withLock { $0.stream } }

    private func set(_ status: Status) { state.withLock { $0.status = status } }

    /// Seconds of a clock that is never set back.
    static var now: Int { Int(DispatchTime.now().uptimeNanoseconds / 1_000_000_000) }

    private func followOnce(_ lock: SlotLock, doubting doubted: [TableName], _ connected: () -> Void) throws {
        set(.starting)
        try lock.take()
        state.withLock { $0.lockPID = lock.pid }
        let waiting: @Sendable (RunningTransaction) -> Void = { [report] in report(.waiting($0)) }
        let start = MirrorStart(mirror: mirror, configuration: configuration, doubted: doubted, waiting: waiting)
        let lsn = try start.run { event in
            switch event {
            case .decided(.copy(let reason)), .decided(.compareAll(let reason)), .decided(.compare(_, let reason)):
                set(.copying(nil, rows: 0))
                report(.copying(because: reason))
            case .decided(.resume): break
            case .copied(let table, let rows): set(.copying(table, rows: rows))
            case .finished(let rows): report(.copied(rows: rows))
            case .refused(let table, let reason): report(.refused(table, because: reason))
            }
        }
        connected()
        try stream(from: lsn)
    }

    private func stream(from start: LSN) throws {
        let stream = try ReplicationStream(
            conninfo: configuration.conninfo, slot: configuration.slot,
            publications: configuration.publications + [MirrorStart.ownPublication], startAt: start,
            sliceLimit: configuration.memory.sliceBytes)
        let isStopping = state.withLock { state in
            state.stream = stream
            state.status = .streaming
            return state.isStopping
        }
        defer { state.withLock { $0.stream = nil } }
        guard !isStopping else { return }
        report(.streaming(from: start))
        try mirror.dropSpill()
        try stream.run(heldSlices: configuration.memory.slices) { event in
            switch event {
            case .transaction(let transaction): try mirror.apply(transaction)
            case .part(let header, let events): try mirror.spill(events, of: header)
            case .end(let header, let end): try mirror.applySpill(header, end: end)
            case .message: break
            case .frontier(let lsn): try mirror.frontierMoved(to: lsn)
            }
        }
    }
}
