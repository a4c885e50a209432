import Shapes
import SyncModel

/// When time alone may move rows over the edge of a condition on `NOW()`.
///
/// A heap of moments. A row that changes is filed again; what is filed of it before stays until its moment, finds
/// nothing changed then, and goes.
struct DueRows {
    struct Entry: Hashable {
        let moment: Int64
        let node: Int
        let key: RowKey
    }

    private var heap: [Entry] = []
    private var filed: [Place: Int64] = [:]

    private struct Place: Hashable {
        let node: Int
        let key: RowKey
    }

    var next: Int64? { heap.first?.moment }

    var count: Int { heap.count }

    mutating func file(_ key: RowKey, at node: Int, moment: Int64) {
        let place = Place(node: node, key: key)
        guard filed[place] != moment else { return }
        filed[place] = moment
        heap.append(Entry(moment: moment, node: node, key: key))
        rise(heap.count - 1)
    }

    /// What is due at `now` at the latest, without taking it out.
    func due(at now: Int64) -> [Entry] {
        var found: [Entry] = []
        var rest = [0]
        while let index = rest.popLast() {
            guard index < heap.count, heap[index].moment <= now else { continue }
            found.append(heap[index])
            rest += [2 * index + 1, 2 * index + 2]
        }
        return found
    }

    mutating func remove(through now: Int64) {
        while let first = heap.first, first.moment <= now {
            let place = Place(node: first.node, key: first.key)
            if filed[place] == first.moment { filed[place] = nil }
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
