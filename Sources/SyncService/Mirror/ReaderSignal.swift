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

    private struct Waiter {
        let interest: Interest
        let continuation: CheckedContinuation<Void, Never>
    }

    private struct State {
        var waiters: [Int: Waiter] = [:]
        var nextID = 0
        /// Those that are to wait, or wait already, and are not over.
        var active: Set<Int> = []
        var count: UInt64 = 0
        /// The count at which each shape, and each replica, was last touched.
        var shapes: [Int64: UInt64] = [:]
        var replicas: [ReplicaID: UInt64] = [:]
        /// What was touched up to this count is forgotten: whoever noted an earlier one reads again.
        var forgotten: UInt64 = 0
        var frontier: UInt64 = 0
        var isClosed = false

        func isDue(_ interest: Interest) -> Bool {
            if isClosed { return true }
            if let awaited = interest.frontier { return frontier >= awaited }
            if interest.seen < forgotten { return true }
            if interest.shapes.contains(where: { (shapes[$0] ?? 0) > interest.seen }) { return true }
            return interest.replica.map { (replicas[$0] ?? 0) > interest.seen } ?? false
        }

        mutating func forget() {
            forgotten = count
            shapes = [:]
            replicas = [:]
        }
    }

    private let state = Mutex(State())
    /// Of shapes and replicas together: those that are no more are among them.
    private let limit: Int

    init(limit: Int = 100_000) { self.limit = limit }

    /// How many requests are being held.
    package var waiting: Int { state.withLock { $0.waiters.count } }

    /// What it keeps: requests, and shapes and replicas that were touched.
    var held: (requests: Int, touched: Int) {
        state.withLock { ($0.active.count, $0.shapes.count + $0.replicas.count) }
    }

    /// The service is stopping: nobody waits any more.
    package var isClosed: Bool { state.withLock { $0.isClosed } }

    var count: UInt64 { state.withLock { $0.count } }

    func isDue(_ interest: Interest) -> Bool { state.withLock { $0.isDue(interest) } }

    func applied(tx: UInt64, shapes: [Int64], replicas: [ReplicaID]) {
        wake { state in
            state.count += 1
            for shape in shapes { state.shapes[shape] = state.count }
            for replica in replicas { state.replicas[replica] = state.count }
            state.frontier = max(state.frontier, tx)
        }
    }

    func frontierMoved(to frontier: UInt64) {
        wake { $0.frontier = max($0.frontier, frontier) }
    }

    /// A shape's snapshot grew or ended, or the shape was dropped.
    func touched(shape: Int64) {
        wake { state in
            state.count += 1
            state.shapes[shape] = state.count
        }
    }

    /// Everybody reads again, whoever has read and does not wait yet too: tables were read anew.
    func wakeAll(at frontier: UInt64) {
        let waiters = state.withLock { state in
            defer { state.waiters = [:] }
            state.count += 1
            state.forget()
            state.frontier = frontier
            return state.waiters.keys.sorted().compactMap { state.waiters[$0] }
        }
        for waiter in waiters { waiter.continuation.resume() }
    }

    /// Ends every wait, those to come included.
    package func close() {
        wake { $0.isClosed = true }
    }

    private func wake(_ change: (inout State) -> Void) {
        let due = state.withLock { state in
            change(&state)
            if state.shapes.count + state.replicas.count > limit { state.forget() }
            let ids = state.waiters.keys.sorted().filter { id in
                state.waiters[id].map { state.isDue($0.interest) } ?? false
            }
            return ids.compactMap { state.waiters.removeValue(forKey: $0) }
        }
        for waiter in due { waiter.continuation.resume() }
    }

    /// Returns when something of interest happened, after `limit`, or when the service stops.
    func wait(for interest: Interest, atMost limit: Duration) async {
        // Without a timer then.
        if isDue(interest) { return }
        let id = state.withLock { state in
            state.nextID += 1
            state.active.insert(state.nextID)
            return state.nextID
        }
        let timer = Task { [weak self] in
            guard (try? await Task.sleep(for: limit)) != nil else { return }
            self?.end(id)
        }
        defer {
            timer.cancel()
            end(id)
        }
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isDue = state.withLock { state in
                    if state.isDue(interest) || !state.active.contains(id) { return true }
                    state.waiters[id] = Waiter(interest: interest, continuation: continuation)
                    return false
                }
                if isDue { continuation.resume() }
            }
        } onCancel: {
            end(id)
        }
    }

    private func end(_ id: Int) {
        let waiter = state.withLock { state in
            state.active.remove(id)
            return state.waiters.removeValue(forKey: id)
        }
        waiter?.continuation.resume()
    }
}
