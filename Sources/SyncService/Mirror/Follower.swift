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
        /// Seconds between looks at the catalogue that nothing gave a reason for.
        package var secondsPerLook = defaultSecondsPerLook

        package static let defaultSecondsPerLook = 10

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
        /// Seconds, of a clock that is never set back.
        var streamingSince: Int?
        var failures = FailureLog()
        /// Seconds until the next try.
        var delay = Follower.firstDelay
        /// The stream told that the catalogue is another one.
        var isLookWanted = false
    }

    private static let firstDelay = 0.2
    private static let longestDelay = 5.0
    /// A stream without an error works after so many seconds, where no transaction came in. (What fails may be the next
    /// transaction, each time that it comes.)
    private static let provenSeconds = 10

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

    /// Errors are waited out, doubly long each time until the stream works.
    private func run(_ lock: SlotLock) {
        let upkeep = Thread { [self] in keepUp() }
        upkeep.start()
        // What the stream says of a table may be over by the time that the catalogue is looked at.
        var doubted: [TableName] = []
        while !isStopping {
            do {
                let start = try begin(lock, doubting: doubted)
                doubted = []
                try stream(from: start)
            } catch let error as Mirror.SchemaChanged {
                doubted = error.table.map { [$0] } ?? []
            } catch {
                if isStopping { break }
                let delay = failed("\(error)")
                _ = wake.wait(timeout: .now() + delay)
            }
        }
        set(.stopped)
    }

    /// Returns how long to wait, in seconds.
    private func failed(_ reason: String) -> Double {
        let (text, delay) = state.withLock { state in
            state.status = .waiting(reason: reason)
            defer { state.delay = min(state.delay * 2, Self.longestDelay) }
            return (state.failures.failed(reason, at: Self.now), state.delay)
        }
        if let text { report(.failed(text)) }
        return delay
    }

    private func works() {
        let text = state.withLock { state in
            state.delay = Self.firstDelay
            return state.failures.worked(at: Self.now)
        }
        if let text { report(.worksAgain(text)) }
    }

    /// Where nothing is committed, nothing else would tell it.
    func noteQuietStream() {
        if let since = state.withLock({ $0.streamingSince }), Self.now - since >= Self.provenSeconds { works() }
    }

    package func stop() {
        let stream = state.withLock { state in
            state.isStopping = true
            return state.stream
        }
        stream?.stop()
        wake.signal()
    }

    /// Has the upkeep look at the catalogue.
    func wantLook() {
        let isNew = state.withLock { state in
            defer { state.isLookWanted = true }
            return !state.isLookWanted
        }
        if isNew { wake.signal() }
    }

    /// True once for each time that it became wanted.
    func takeWantedLook() -> Bool {
        state.withLock { state in
            defer { state.isLookWanted = false }
            return state.isLookWanted
        }
    }

    /// nil while nothing is streamed.
    var stream: ReplicationStream? { state.withLock { $0.stream } }

    private func set(_ status: Status) { state.withLock { $0.status = status } }

    /// Seconds of a clock that is never set back.
    static var now: Int { Int(DispatchTime.now().uptimeNanoseconds / 1_000_000_000) }

    /// Returns where streaming goes on.
    private func begin(_ lock: SlotLock, doubting doubted: [TableName]) throws -> LSN {
        set(.starting)
        try lock.take()
        state.withLock { $0.lockPID = lock.pid }
        let waiting: @Sendable (RunningTransaction) -> Void = { [report] in report(.waiting($0)) }
        let start = MirrorStart(mirror: mirror, configuration: configuration, doubted: doubted, waiting: waiting)
        return try start.run { event in
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
    }

    private func stream(from start: LSN) throws {
        let stream = try ReplicationStream(
            conninfo: configuration.conninfo, slot: configuration.slot,
            publications: configuration.publications + [MirrorStart.ownPublication], startAt: start,
            sliceLimit: configuration.memory.sliceBytes)
        let (isStopping, isFailing) = state.withLock { state in
            state.stream = stream
            state.status = .streaming
            state.streamingSince = Self.now
            return (state.isStopping, state.failures.isFailing)
        }
        defer {
            state.withLock { state in
                state.stream = nil
                state.streamingSince = nil
            }
        }
        guard !isStopping else { return }
        // After failures it is said once it works.
        if !isFailing { report(.streaming(from: start)) }
        try mirror.dropSpill()
        var group = TransactionGroup()
        func apply() throws {
            guard !group.isEmpty else { return }
            try mirror.apply(group.take())
            works()
        }
        try stream.run(heldSlices: configuration.memory.slices, drained: apply) { event in
            if case .transaction(let transaction) = event {
                group.add(transaction)
                if CatalogueNotice.isAmong(transaction.events) { wantLook() }
                if group.isFull { try apply() }
                return
            }
            try apply()
            switch event {
            case .transaction, .message: break
            case .part(let header, let events):
                try mirror.spill(events, of: header)
                if CatalogueNotice.isAmong(events) { wantLook() }
                // What takes longer than the proof may still fail at its end.
                state.withLock { $0.streamingSince = Self.now }
            case .end(let header, let end):
                try mirror.applySpill(header, end: end)
                works()
            case .frontier(let lsn): try mirror.frontierMoved(to: lsn)
            }
        }
    }
}
