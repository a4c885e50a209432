import Foundation
import Postgres
import SyncModel
import Synchronization

/// Keeps the mirror following PostgreSQL, on its own thread, for as long as the service runs.
///
/// | state | event | next |
/// |---|---|---|
/// | starting | connected, plan is copy | copying |
/// | starting | connected, plan is resume | streaming |
/// | copying | copied | streaming |
/// | streaming | the catalogue differs | starting |
/// | any | an error | waiting, then starting |
/// | any | stop | stopped |
package final class Follower: Sendable {
    package struct Configuration: Sendable {
        package var conninfo: String
        package var slot: String
        /// The user's publications; `satchel`'s own is added.
        package var publications: [String]
        package var retention: Mirror.Retention

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
        case copying(because: String)
        /// The slot is not made before this transaction has ended.
        case waiting(RunningTransaction)
        case copied(rows: Int)
        case streaming(from: LSN)
        case refused(TableName, because: String)
        case failed(String)
    }

    private struct State {
        var status = Status.starting
        var isStopping = false
        var stream: ReplicationStream?
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

    /// Blocks until `stop`. Errors are waited out: 0.2 s, doubled up to 5 s.
    package func run() {
        let upkeep = Thread { [self] in keepUp() }
        upkeep.start()
        var delay = 0.2
        while !isStopping {
            do {
                try followOnce { delay = 0.2 }
            } catch is Mirror.SchemaChanged {
                continue
            } catch {
                if isStopping { break }
                set(.waiting(reason: "\(error)"))
                report(.failed("\(error)"))
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

    private func followOnce(_ connected: () -> Void) throws {
        set(.starting)
        let waiting: @Sendable (RunningTransaction) -> Void = { [report] in report(.waiting($0)) }
        let start = try MirrorStart(mirror: mirror, configuration: configuration, waiting: waiting).run { event in
            switch event {
            case .decided(.copy(let reason)):
                set(.copying(nil, rows: 0))
                report(.copying(because: reason))
            case .decided(.resume): break
            case .copied(let table, let rows): set(.copying(table, rows: rows))
            case .finished(let rows): report(.copied(rows: rows))
            case .refused(let table, let reason): report(.refused(table, because: reason))
            }
        }
        connected()
        try stream(from: start)
    }

    private func stream(from start: LSN) throws {
        let stream = try ReplicationStream(
            conninfo: configuration.conninfo, slot: configuration.slot,
            publications: configuration.publications + [MirrorStart.ownPublication], startAt: start)
        let isStopping = state.withLock { state in
            state.stream = stream
            state.status = .streaming
            return state.isStopping
        }
        defer { state.withLock { $0.stream = nil } }
        guard !isStopping else { return }
        report(.streaming(from: start))
        try stream.run { event in
            switch event {
            case .transaction(let transaction): try mirror.apply(transaction)
            case .message: break
            case .frontier(let lsn): mirror.frontierMoved(to: lsn)
            }
        }
    }
}
