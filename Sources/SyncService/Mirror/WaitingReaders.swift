import SyncModel

/// Which of the requests that wait are due, for news or because they have waited long enough. What it costs to find
/// them follows those that wait for what happened, not those that wait.
struct WaitingReaders {
    private struct Waiting {
        let interest: ReaderSignal.Interest
        let deadline: ContinuousClock.Instant
    }

    private var waiting: [Int: Waiting] = [:]
    private var byShape: [Int64: Set<Int>] = [:]
    private var byReplica: [ReplicaID: Set<Int>] = [:]
    /// Those that wait for one.
    private var byFrontier: Set<Int> = []

    private(set) var count: UInt64 = 0
    /// The count at which each shape, and each replica, was last touched.
    private var shapes: [Int64: UInt64] = [:]
    private var replicas: [ReplicaID: UInt64] = [:]
    /// What was touched up to this count is forgotten: whoever noted an earlier one reads again.
    private var forgotten: UInt64 = 0
    private var frontier: UInt64 = 0
    private(set) var isClosed = false
    /// Of shapes and replicas together: those that are no more are among them.
    private let limit: Int

    init(limit: Int) { self.limit = limit }

    var touchedCount: Int { shapes.count + replicas.count }

    func isDue(_ interest: ReaderSignal.Interest) -> Bool {
        if isClosed { return true }
        if let awaited = interest.frontier { return frontier >= awaited }
        if interest.seen < forgotten { return true }
        if interest.shapes.contains(where: { (shapes[$0] ?? 0) > interest.seen }) { return true }
        return interest.replica.map { (replicas[$0] ?? 0) > interest.seen } ?? false
    }

    mutating func add(_ id: Int, _ interest: ReaderSignal.Interest, until deadline: ContinuousClock.Instant) {
        waiting[id] = Waiting(interest: interest, deadline: deadline)
        if interest.frontier != nil {
            byFrontier.insert(id)
            return
        }
        for shape in interest.shapes { byShape[shape, default: []].insert(id) }
        if let replica = interest.replica { byReplica[replica, default: []].insert(id) }
    }

    mutating func remove(_ id: Int) {
        guard let interest = waiting.removeValue(forKey: id)?.interest else { return }
        byFrontier.remove(id)
        for shape in interest.shapes { byShape.remove(id, of: shape) }
        if let replica = interest.replica { byReplica.remove(id, of: replica) }
    }
}

// MARK: - Events, which tell who is due

extension WaitingReaders {
    mutating func applied(tx: UInt64, shapes touched: [Int64], replicas confirmed: [ReplicaID]) -> [Int] {
        count += 1
        frontier = max(frontier, tx)
        var reached = byFrontier
        for shape in touched {
            shapes[shape] = count
            reached.formUnion(byShape[shape] ?? [])
        }
        for replica in confirmed {
            replicas[replica] = count
            reached.formUnion(byReplica[replica] ?? [])
        }
        return takeDue(of: isFull() ? Set(waiting.keys) : reached)
    }

    mutating func frontierMoved(to next: UInt64) -> [Int] {
        frontier = max(frontier, next)
        return takeDue(of: byFrontier)
    }

    mutating func touched(shape: Int64) -> [Int] {
        count += 1
        shapes[shape] = count
        return takeDue(of: isFull() ? Set(waiting.keys) : byShape[shape] ?? [])
    }

    mutating func close() -> [Int] {
        isClosed = true
        return takeDue(of: Set(waiting.keys))
    }

    /// Everybody reads again, whoever has read and does not wait yet too.
    mutating func reset(to frontier: UInt64) -> [Int] {
        count += 1
        forget()
        self.frontier = frontier
        return take(Set(waiting.keys))
    }

    /// `next`: when to ask again, nil while nobody waits.
    mutating func timePassed(to now: ContinuousClock.Instant) -> (due: [Int], next: ContinuousClock.Instant?) {
        let due = waiting.filter { $0.value.deadline <= now }
        let ids = take(Set(due.keys))
        return (ids, waiting.values.map(\.deadline).min())
    }

    private mutating func isFull() -> Bool {
        guard touchedCount > limit else { return false }
        forget()
        return true
    }

    private mutating func forget() {
        forgotten = count
        shapes = [:]
        replicas = [:]
    }

    private mutating func takeDue(of ids: Set<Int>) -> [Int] {
        take(ids.filter { id in waiting[id].map { isDue($0.interest) } ?? false })
    }

    /// In the order in which they came.
    private mutating func take(_ ids: Set<Int>) -> [Int] {
        let sorted = ids.sorted()
        for id in sorted { remove(id) }
        return sorted
    }
}

extension Dictionary where Value == Set<Int> {
    fileprivate mutating func remove(_ id: Int, of key: Key) {
        self[key]?.remove(id)
        if self[key]?.isEmpty == true { self[key] = nil }
    }
}
