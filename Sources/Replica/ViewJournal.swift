import SyncModel

/// How a row looks in the view. Rows that no shape shows have `members` 0.
struct ViewState: Equatable {
    var row: SyncedRow
    var members: Int64
    var isPending: Bool
}

/// How the rows that a transaction touches looked before it, so that the differences can be told after it.
struct ViewJournal {
    private(set) var before: [RowAddress: ViewState?] = [:]
    /// More rows were touched than can be told one by one.
    private(set) var isCollapsed = false
    /// Shapes whose rows are to be read again, whatever the journal says.
    var resetShapes: Set<Int64> = []
    /// How rows looked when their children were last told: a transaction may rebase more than once.
    var told: [RowAddress: Look] = [:]
    let limit: Int

    /// Children ask for both: below a row that departs the service's word does not count.
    struct Look: Equatable {
        var state: ViewState?
        /// It is in other shapes, or joins other rows, than the service said.
        var departs: Bool
    }

    init(limit: Int) {
        self.limit = limit
    }

    func knows(_ address: RowAddress) -> Bool { isCollapsed || before[address] != nil }

    mutating func note(_ address: RowAddress, _ state: ViewState?) {
        if isCollapsed || before[address] != nil { return }
        if before.count >= limit {
            collapse()
            return
        }
        before[address] = .some(state)
    }

    mutating func collapse() {
        isCollapsed = true
        before = [:]
    }
}
