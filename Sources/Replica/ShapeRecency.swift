import JSONText

/// Which shapes somebody asked for last.
struct ShapeRecency: Hashable {
    /// Numbers, the least recent first.
    private var order: [Int64] = []

    mutating func use(_ shape: Int64) {
        if order.last == shape { return }
        order.removeAll { $0 == shape }
        order.append(shape)
    }

    mutating func forget(_ shape: Int64) { order.removeAll { $0 == shape } }

    /// The least recent first. What is not known comes before all, in its own order.
    func sorted(_ shapes: [Int64]) -> [Int64] {
        let places = Dictionary(uniqueKeysWithValues: order.enumerated().map { ($0.element, $0.offset) })
        return shapes.enumerated().sorted { left, right in
            (places[left.element] ?? -1, left.offset) < (places[right.element] ?? -1, right.offset)
        }.map(\.element)
    }
}

extension ShapeRecency {
    /// As the replica's file has it. What is not of the form is as if nothing had been used: nothing but an order is
    /// lost.
    init(text: String) {
        for shape in (try? JSON(parsing: text))?.array?.compactMap(\.int) ?? [] { use(shape) }
    }

    var text: String { JSON.array(order.map(JSON.int)).text }
}
