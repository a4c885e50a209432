import DaemonProtocol
import JSONRPC
import NIOCore
import SyncModel

/// Which request of which connection.
struct Caller: Hashable, Sendable {
    let client: Int
    let request: JSONRPC.RequestID
}

struct WaiterID: Hashable, Sendable {
    let number: Int
}

/// A request that is answered later.
struct Waiter {
    enum Wish {
        /// The queue has to be empty first.
        case emptyQueue
        /// Then everything that was committed has to be here.
        case barrier(Int64)
        case caughtUp
        case liveShape(String, ReadShape.Params)
        /// Online-only: the service's word.
        case verdicts(SubmitOperations.Result)
        /// The service's word, or what the device knows.
        case explanation(RowQuestion)
    }

    let id: WaiterID
    let caller: Caller
    var wish: Wish
    var deadline: Scheduled<Void>?
}

/// Every request that waits, in the order in which they came.
struct Waiters {
    private(set) var all: [Waiter] = []
    private var lastID = 0
    private var lastBarrier: Int64 = 0

    mutating func nextID() -> WaiterID {
        lastID += 1
        return WaiterID(number: lastID)
    }

    mutating func nextBarrier() -> Int64 {
        lastBarrier += 1
        return lastBarrier
    }

    mutating func add(_ waiter: Waiter) {
        all.append(waiter)
    }

    subscript(id: WaiterID) -> Waiter? { all.first { $0.id == id } }

    mutating func set(_ id: WaiterID, _ wish: Waiter.Wish) {
        if let index = all.firstIndex(where: { $0.id == id }) { all[index].wish = wish }
    }

    /// Each barrier up to this one.
    mutating func barrierReached(_ barrier: Int64) {
        for index in all.indices {
            if case .barrier(let wanted) = all[index].wish, wanted <= barrier { all[index].wish = .caughtUp }
        }
    }

    @discardableResult
    mutating func remove(_ id: WaiterID) -> Waiter? {
        guard let index = all.firstIndex(where: { $0.id == id }) else { return nil }
        all[index].deadline?.cancel()
        return all.remove(at: index)
    }

    func isAwaited(shape: String) -> Bool { awaitedShapes.contains(shape) }

    var awaitedShapes: [String] {
        all.compactMap { waiter in
            if case .liveShape(let shape, _) = waiter.wish { shape } else { nil }
        }
    }

    /// False when the request does not wait.
    mutating func remove(_ caller: Caller) -> Bool {
        guard let waiter = all.first(where: { $0.caller == caller }) else { return false }
        remove(waiter.id)
        return true
    }

    mutating func removeAll(of client: Int) {
        for waiter in all where waiter.caller.client == client { remove(waiter.id) }
    }
}
