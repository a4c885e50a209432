import SyncModel
import Synchronization

/// Wakes the requests that wait for something to happen: a change in one of their shapes, a confirmation of
/// their replica, or a frontier.
///
/// Events are counted. A reader notes the count before it reads and waits for what comes after it, so that
/// nothing is missed between reading and waiting.
package final class ReaderSignal: Sendable {
    struct Interest: Sendable {
        var shapes: [Int64] = []
        var replica: ReplicaID?
        /// `ReaderSignal.count` as it was before the caller read.
        var seen: UInt64
        /// Wait for the frontier to reach this instead.
        var frontier: UInt64?
    }

    private struct State {
        var readers: WaitingReaders
        var continuations: [Int: CheckedContinuation<Void, Never>] = [:]
        var nextID = 0
        /// Those that are to wait, or wait already, and are not over.
        var active: Set<Int> = []
        /// When those that have waited long enough are looked for next: one timer for all, which is not set anew
        /// with each request. nil while nobody waits.
        var look: (at: ContinuousClock.Instant, timer: Task<Void, Never>)?
    }

    /// Between two looks for those that have waited long enough, however many there are.
    private static let timerTolerance = Duration.milliseconds(100)

    private let state: Mutex<State>

    init(limit: Int = 100_000) { state = Mutex(State(readers: WaitingReaders(limit: limit))) }

    /// How many requests are being held.
    package var waiting: Int { state.withLock { $0.continuations.count } }

    /// What it keeps: requests, and shapes and replicas that were touched.
    var held: (requests: Int, touched: Int) {
        state.withLock { ($0.active.count, $0.readers.touchedCount) }
    }

    /// The service is stopping: nobody waits any more.
    package var isClosed: Bool { state.withLock { $0.readers.isClosed } }

    var count: UInt64 { state.withLock { $0.readers.count } }

    func isDue(_ interest: Interest) -> Bool { state.withLock { $0.readers.isDue(interest) } }

    func applied(tx: UInt64, shapes: [Int64], replicas: [ReplicaID]) {
        wake { $0.applied(tx: tx, shapes: shapes, replicas: replicas) }
    }

    func frontierMoved(to frontier: UInt64) { wake { $0.frontierMoved(to: frontier) } }

    /// A shape's snapshot grew or ended, or the shape was dropped.
    func touched(shape: Int64) { wake { $0.touched(shape: shape) } }

    /// Everybody reads again, whoever has read and does not wait yet too: tables were read anew.
    func wakeAll(at frontier: UInt64) { wake { $0.reset(to: frontier) } }

    /// Ends every wait, those to come included.
    package func close() { wake { $0.close() } }

    private func wake(_ event: (inout WaitingReaders) -> [Int]) {
        let due = state.withLock { state in
            event(&state.readers).compactMap { state.continuations.removeValue(forKey: $0) }
        }
        for continuation in due { continuation.resume() }
    }

    /// Returns when something of interest happened, after `limit` or a little later, or when the service stops.
    func wait(for interest: Interest, atMost limit: Duration) async {
        let deadline = ContinuousClock.now + limit
        let begun: Int? = state.withLock { state in
            if state.readers.isDue(interest) { return nil }
            state.nextID += 1
            state.active.insert(state.nextID)
            return state.nextID
        }
        guard let id = begun else { return }
        defer { end(id) }
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isDue = state.withLock { state in
                    if state.readers.isDue(interest) || !state.active.contains(id) { return true }
                    state.readers.add(id, interest, until: deadline)
                    state.continuations[id] = continuation
                    look(at: deadline, &state)
                    return false
                }
                if isDue { continuation.resume() }
            }
        } onCancel: {
            end(id)
        }
    }

    private func end(_ id: Int) {
        let continuation = state.withLock { state in
            state.active.remove(id)
            state.readers.remove(id)
            return state.continuations.removeValue(forKey: id)
        }
        continuation?.resume()
    }

    /// At the latest: a look that comes before it sees to the next one.
    private func look(at time: ContinuousClock.Instant, _ state: inout State) {
        if let look = state.look, look.at <= time { return }
        state.look?.timer.cancel()
        let timer = Task { [weak self] in
            guard (try? await Task.sleep(until: time, clock: .continuous)) != nil else { return }
            self?.endThoseThatWaitedLongEnough()
        }
        state.look = (time, timer)
    }

    private func endThoseThatWaitedLongEnough() {
        let now = ContinuousClock.now
        let due = state.withLock { state in
            let (ids, next) = state.readers.timePassed(to: now)
            state.look?.timer.cancel()
            state.look = nil
            if let next { look(at: max(next, now + Self.timerTolerance), &state) }
            return ids.compactMap { state.continuations.removeValue(forKey: $0) }
        }
        for continuation in due { continuation.resume() }
    }
}
