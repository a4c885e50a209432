import SyncModel

/// What the service stood for at each position that it told: the database's rows, whatever came in between of slots,
/// epochs and copies.
struct History {
    struct Moment {
        /// As an offset: LSN + shift.
        let tx: UInt64
        let rows: ModelRows
        /// The database's, in whose columns the rows are.
        let schema: DatabaseSchema
        /// The mirror's: it hears of DDL later.
        let catalogue: DatabaseSchema
        /// What `NOW()` is, in microseconds since 1970.
        let now: Int64

        func row(at place: ClientView.Place) -> PlainRow? {
            guard let table = schema[place.table], let row = rows[place.table]?[place.key] else { return nil }
            return PlainRow(table: table, key: place.key, row: row)
        }
    }

    private(set) var moments: [Moment] = []
    /// Those of transactions that came in while nobody was told of any: their messages are told later. In no order.
    private var untold: [Moment] = []
    /// By the commit's number, the first position that covers it.
    private var covered: [UInt64] = []

    /// `commits`: so many of them are in it.
    mutating func note(_ moment: Moment, commits: Int) {
        let place = place(after: moment.tx)
        if place > 0, moments[place - 1].tx == moment.tx {
            moments[place - 1] = moment
        } else {
            moments.insert(moment, at: place)
        }
        while covered.count < commits { covered.append(moment.tx) }
    }

    /// Commits from this number on are gone. What was told of them was told.
    mutating func forget(commitsFrom number: Int) {
        if covered.count > number { covered.removeLast(covered.count - number) }
    }

    mutating func noteUntold(_ moment: Moment) { untold.append(moment) }

    /// nil: nothing that was told covers it.
    func position(ofCommit number: Int) -> UInt64? { covered.indices.contains(number) ? covered[number] : nil }

    /// The newest at or below a position.
    func moment(at tx: UInt64) -> Moment? {
        let place = place(after: tx)
        return place > 0 ? moments[place - 1] : nil
    }

    /// The last moments of each life of a row, up to a position; one that begins at `from` or ends after it.
    func lastMoments(of key: RowKey, in table: TableName, from: UInt64, through tx: UInt64) -> [Moment] {
        var lasts: [Moment] = []
        var last: Moment?
        let told = moments[max(0, place(after: from) - 1)..<place(after: tx)]
        let others = untold.filter { $0.tx >= from && $0.tx <= tx }
        for moment in (told + others).sorted(by: { $0.tx < $1.tx }) {
            if moment.rows[table]?[key] != nil {
                last = moment
            } else if let ended = last {
                lasts.append(ended)
                last = nil
            }
        }
        return lasts + [last].compactMap(\.self)
    }

    private func place(after tx: UInt64) -> Int {
        var (low, high) = (0, moments.count)
        while low < high {
            let middle = (low + high) / 2
            if moments[middle].tx <= tx { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
