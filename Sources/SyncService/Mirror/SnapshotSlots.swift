import Synchronization

/// How many snapshots are read at once.
///
/// Each holds one of the pool's readers, and waits for the writer whenever a chunk is to be stored; the next snapshot
/// is begun by the writer, which waits for a reader. Where snapshots had all readers, both would wait for ever.
final class SnapshotSlots: Sendable {
    private struct State {
        var free: Int
        /// In the order in which they came.
        var waiting: [CheckedContinuation<Void, Never>] = []
    }

    private let state: Mutex<State>

    init(_ count: Int) { state = Mutex(State(free: count)) }

    /// Returns once there is one, which is the caller's until `giveBack`.
    func take() async {
        await withCheckedContinuation { continuation in
            let isTaken = state.withLock { state in
                guard state.free > 0 else {
                    state.waiting.append(continuation)
                    return false
                }
                state.free -= 1
                return true
            }
            if isTaken { continuation.resume() }
        }
    }

    func giveBack() {
        let next = state.withLock { state in
            if state.waiting.isEmpty {
                state.free += 1
                return CheckedContinuation<Void, Never>?.none
            }
            return state.waiting.removeFirst()
        }
        next?.resume()
    }
}
