import Shapes
import SyncModel

/// Rows of one table in an order, no more than are wanted.
package struct OrderedRead {
    /// Only rows whose columns have exactly these values; all rows where there is none.
    package let columns: [Int]
    package let values: [Value]
    package let order: RowOrder
    /// Rows before it, in the read's direction, are left out. nil: from the end.
    package let bound: RowOrder.Place?
    /// Whether a row at the bound itself is read.
    package let includesBound: Bool
    package let isBackwards: Bool
    package let limit: Int

    /// What is read on, because some of what was read does not count, grows up to so many rows at once.
    static let longestPage = 256

    package init(
        _ columns: [Int] = [], equal values: [Value] = [], by order: RowOrder, from bound: RowOrder.Place? = nil,
        includesBound: Bool = false, isBackwards: Bool = false, limit: Int
    ) {
        self.columns = columns
        self.values = values
        self.order = order
        self.bound = bound
        self.includesBound = includesBound
        self.isBackwards = isBackwards
        self.limit = limit
    }

    func precedes(_ left: RowOrder.Place, _ right: RowOrder.Place) -> Bool { isBackwards ? right < left : left < right }

    func reaches(_ place: RowOrder.Place) -> Bool {
        guard let bound else { return true }
        return place == bound ? includesBound : precedes(bound, place)
    }

    /// What comes behind `last`.
    func following(_ last: RowOrder.Place, limit: Int) -> OrderedRead {
        OrderedRead(columns, equal: values, by: order, from: last, isBackwards: isBackwards, limit: limit)
    }
}

/// A row with its place.
struct RankedRow {
    let place: RowOrder.Place
    let row: Row

    var key: RowKey { place.key }
}

/// Reads several parts of a table in one order, page by page; a row that is in more than one comes once.
struct OrderedRows<Source: RowSource> {
    private struct Part {
        /// What to read next; nil when there is no more.
        var read: OrderedRead?
        /// Last first.
        var page: [RankedRow] = []
    }

    private let source: Source
    private let table: TableName
    private var parts: [Part]
    private var last: RowOrder.Place?
    private let sample: OrderedRead?

    private static var largestPage: Int { 256 }

    /// All reads are of one order and direction; their limit is the first page's.
    init(_ source: Source, of table: TableName, _ reads: [OrderedRead]) {
        self.source = source
        self.table = table
        parts = reads.map { Part(read: $0) }
        sample = reads.first
    }

    mutating func next(_ work: inout ShapeWork) throws -> RankedRow? {
        guard let sample else { return nil }
        while true {
            var first: Int?
            for index in parts.indices {
                if parts[index].page.isEmpty { try turn(index, &work) }
                guard let head = parts[index].page.last else { continue }
                guard let best = first, let other = parts[best].page.last else {
                    first = index
                    continue
                }
                if sample.precedes(head.place, other.place) { first = index }
            }
            guard let first, let found = parts[first].page.popLast() else { return nil }
            guard found.place != last else { continue }
            last = found.place
            return found
        }
    }

    private mutating func turn(_ index: Int, _ work: inout ShapeWork) throws {
        guard let read = parts[index].read else { return }
        work.lookups += 1
        let rows = try source.rows(of: table, read).map { found in
            RankedRow(place: read.order.place(of: found.row, found.key), row: found.row)
        }
        work.rowsFound += rows.count
        parts[index].page = rows.reversed()
        guard rows.count == read.limit, let end = rows.last else {
            parts[index].read = nil
            return
        }
        parts[index].read = read.following(end.place, limit: min(2 * read.limit, Self.largestPage))
    }
}
