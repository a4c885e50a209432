import SyncModel

/// When time alone may move rows over the edge of a condition on `NOW()`: of all shapes, each row at most once for
/// each node.
///
/// A heap of moments. What is filed anew leaves its older entry behind; such entries go when they come to the top,
/// and all of them once they are more than half.
struct DueRows: Sendable {
    struct Place: Hashable, Sendable {
        let node: Int
        let key: RowKey
    }

    private struct Entry {
        let moment: Int64
        let shape: Int64
        let place: Place
    }

    private var heap: [Entry] = []
    private var filed: [Int64: [Place: Int64]] = [:]
    private var filedCount = 0

    /// Up to so many older entries are not worth a look at all.
    private static let slack = 64

    var next: Int64? { heap.first?.moment }

    /// How many entries there are, older ones included.
    var size: Int { heap.count }

    /// `moment` nil: time moves the row no more.
    mutating func file(_ place: Place, of shape: Int64, moment: Int64?) {
        let old = filed[shape]?[place]
        guard old != moment else { return }
        if let moment {
            filed[shape, default: [:]][place] = moment
            heap.append(Entry(moment: moment, shape: shape, place: place))
            rise(heap.count - 1)
        } else {
            filed[shape]?[place] = nil
            if filed[shape]?.isEmpty == true { filed[shape] = nil }
        }
        filedCount += (moment == nil ? 0 : 1) - (old == nil ? 0 : 1)
        clear()
    }

    mutating func remove(_ shape: Int64) {
        filedCount -= filed.removeValue(forKey: shape)?.count ?? 0
        clear()
    }

    /// What is due at `now` at the latest, by shape, without taking it out.
    func due(at now: Int64) -> [Int64: Set<Place>] {
        var found: [Int64: Set<Place>] = [:]
        var rest = [0]
        while let index = rest.popLast() {
            guard index < heap.count, heap[index].moment <= now else { continue }
            let entry = heap[index]
            if isCurrent(entry) { found[entry.shape, default: []].insert(entry.place) }
            rest += [2 * index + 1, 2 * index + 2]
        }
        return found
    }

    private func isCurrent(_ entry: Entry) -> Bool { filed[entry.shape]?[entry.place] == entry.moment }

    private mutating func clear() {
        if heap.count > 2 * filedCount + Self.slack {
            heap = filed.flatMap { shape, places in
                places.map { Entry(moment: $0.value, shape: shape, place: $0.key) }
            }
            // What is sorted is a heap.
            heap.sort { $0.moment < $1.moment }
        }
        while let first = heap.first, !isCurrent(first) {
            heap.swapAt(0, heap.count - 1)
            heap.removeLast()
            sink(0)
        }
    }

    private mutating func rise(_ index: Int) {
        var index = index
        while index > 0 {
            let parent = (index - 1) / 2
            guard heap[index].moment < heap[parent].moment else { return }
            heap.swapAt(index, parent)
            index = parent
        }
    }

    private mutating func sink(_ index: Int) {
        var index = index
        while true {
            var least = index
            for child in [2 * index + 1, 2 * index + 2] where child < heap.count {
                if heap[child].moment < heap[least].moment { least = child }
            }
            guard least != index else { return }
            heap.swapAt(index, least)
            index = least
        }
    }
}
