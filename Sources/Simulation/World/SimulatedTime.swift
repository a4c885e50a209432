/// Virtual time, and what is to happen in it. Of two events at one tick the one that was scheduled first comes
/// first, so that a run depends on nothing but its seed.
struct SimulatedTime<Event> {
    /// Microseconds of a tick.
    static var tick: Int64 { 10_000 }
    /// Microseconds since 1970 at tick 0.
    static var start: Int64 { 1_790_000_000_000_000 }

    private struct Entry {
        let tick: Int
        let order: Int
        let event: Event

        func precedes(_ other: Entry) -> Bool { (tick, order) < (other.tick, other.order) }
    }

    private(set) var now = 0
    private var heap: [Entry] = []
    private var scheduled = 0

    var microseconds: Int64 { Self.start + Int64(now) * Self.tick }

    mutating func schedule(_ event: Event, in ticks: Int) {
        scheduled += 1
        heap.append(Entry(tick: now + max(ticks, 0), order: scheduled, event: event))
        var index = heap.count - 1
        while index > 0, heap[index].precedes(heap[(index - 1) / 2]) {
            heap.swapAt(index, (index - 1) / 2)
            index = (index - 1) / 2
        }
    }

    mutating func schedule(_ event: Event, milliseconds: Int) {
        schedule(event, in: (milliseconds * 1000 + Int(Self.tick) - 1) / Int(Self.tick))
    }

    /// The next event, where there is one up to `limit`; the clock moves to it.
    mutating func next(upTo limit: Int) -> Event? {
        guard let first = heap.first, first.tick <= limit else { return nil }
        now = first.tick
        let last = heap.removeLast()
        if heap.isEmpty { return first.event }
        heap[0] = last
        var index = 0
        while true {
            let left = 2 * index + 1
            guard left < heap.count else { break }
            let smaller = left + 1 < heap.count && heap[left + 1].precedes(heap[left]) ? left + 1 : left
            guard heap[smaller].precedes(heap[index]) else { break }
            heap.swapAt(index, smaller)
            index = smaller
        }
        return first.event
    }

    mutating func advance(to tick: Int) { now = max(now, tick) }
}
