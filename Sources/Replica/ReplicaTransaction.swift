import GRDB
import SyncModel
import TableStore

/// One event of the replica, from BEGIN to COMMIT: its own copy of the memory, and what was seen before.
///
/// Everything that decides lives in extensions of this class, by event; `Replica` opens and commits. An error
/// anywhere drops the whole transaction, memory included.
final class ReplicaTransaction {
    let db: Database
    let limits: ReplicaLimits
    let stores = ReplicaStores()
    var memory: ReplicaMemory
    var journal: ViewJournal
    /// Windows as they are to be seen, while a rebase decides which shapes rows are in.
    var rankings: [WindowID: LocalWindow?] = [:]
    /// Shapes of which people know that rows may be missing.
    var toldShort: Set<Int64>
    /// Rows that a rebase looked at: what it costs.
    var rebuilt = 0
    /// What the source transactions changed that are over, while the event that brought them goes on.
    private var steps: [Effects] = []
    /// Rows that the steps touched.
    private var stepRows = 0
    /// Where in the database's log the event ends.
    var position: UInt64?
    private var changedOperations = OperationChanges()
    private var confirmedRows = RecentRows<ConfirmedRow>()
    private var overlayRows = RecentRows<OverlayRow>()
    private let oldStandings: [Int64: HeldRecord.Standing]
    /// Of rows, as they are in the file.
    private var storedCounts: [Int64: Int]

    init(_ db: Database, _ memory: ReplicaMemory, limits: ReplicaLimits) {
        self.db = db
        self.memory = memory
        self.limits = limits
        journal = ViewJournal(limit: limits.maxChanges)
        toldShort = Set(memory.shapes.filter(\.isShort).map(\.number))
        oldStandings = Dictionary(uniqueKeysWithValues: memory.asked.map { ($0.number, $0.standing) })
        storedCounts = Dictionary(uniqueKeysWithValues: memory.shapes.map { ($0.number, $0.rowCount) })
    }

    /// - Parameter record: as it is now; nil when it is gone.
    func noteChanged(_ id: OperationID, _ record: OperationRecord?) {
        changedOperations.note(OperationChange(id: id, record: record))
    }

    /// A source transaction is over: what it changed is told apart from what comes after it. Not where too much changed
    /// to tell one by one.
    func endStep(at position: UInt64) throws {
        try rebase(journal.before.keys.sorted())
        if journal.isCollapsed { return }
        let shapes = try shapeEffects()
        stepRows += journal.before.count
        journal = ViewJournal(limit: max(limits.maxChanges - stepRows, 0))
        if shapes.isEmpty { return }
        memory.sequence += 1
        steps.append(Effects(sequence: memory.sequence, position: position, shapes: shapes))
    }

    /// The steps before the last effects; none where those tell everything anew.
    var finishedSteps: [Effects] { journal.isCollapsed ? [] : steps }

    /// Stores what is left to store, and tells the differences. The last act of a transaction.
    func finish() throws -> Effects {
        let shapes = try shapeEffects()
        for (index, shape) in memory.shapes.enumerated() where shape.rowCount != storedCounts[shape.number] {
            try save(index)
        }
        var statuses: [String] = []
        for record in memory.asked where oldStandings[record.number] != record.standing { statuses.append(record.id) }
        for number in oldStandings.keys.sorted() where memory.index(of: number) == nil {
            statuses.append(HeldRecord.id(number))
        }
        let effects = Effects(
            sequence: memory.sequence + 1, position: position, shapes: shapes, statuses: statuses,
            operations: changedOperations.all)
        if effects.isEmpty { return Effects(sequence: memory.sequence, position: position) }
        memory.sequence += 1
        return effects
    }

    func save(_ index: Int) throws {
        let record = memory.shapes[index]
        try ShapeTable.update(record, in: db)
        storedCounts[record.number] = record.rowCount
    }
}

// MARK: - Rows

extension ReplicaTransaction {
    func confirmedRow(_ address: RowAddress, _ schema: TableSchema) throws -> ConfirmedRow? {
        if let known = confirmedRows.row(address) { return known }
        let row = try stores.confirmed.row(address.key, of: schema, in: db).map { ConfirmedRow($0) }
        confirmedRows.note(address, row)
        return row
    }

    /// nil: the row goes.
    func setConfirmed(_ address: RowAddress, _ schema: TableSchema, to row: ConfirmedRow?) throws {
        if let row {
            try stores.confirmed.upsert(row.stored(address.key), of: schema, in: db)
        } else {
            try stores.confirmed.delete(address.key, of: schema, in: db)
        }
        confirmedRows.note(address, row)
    }

    func overlayRow(_ address: RowAddress, _ schema: TableSchema) throws -> OverlayRow? {
        guard memory.overlaid[address.table, default: 0] > 0 else { return nil }
        if let known = overlayRows.row(address) { return known }
        let row = try stores.overlay.row(address.key, of: schema, in: db).map { OverlayRow($0) }
        overlayRows.note(address, row)
        return row
    }

    /// MUST be called when a table was written other than row by row.
    func forgetRows() {
        confirmedRows = RecentRows()
        overlayRows = RecentRows()
    }

    func setOverlay(
        _ address: RowAddress, _ schema: TableSchema, from old: OverlayRow?, to new: OverlayRow?
    ) throws {
        if old == new { return }
        overlayRows.note(address, new)
        if let new {
            try stores.overlay.upsert(new.stored(address.key), of: schema, in: db)
            if old == nil { memory.overlaid[address.table, default: 0] += 1 }
        } else {
            try stores.overlay.delete(address.key, of: schema, in: db)
            let left = memory.overlaid[address.table, default: 0] - 1
            memory.overlaid[address.table] = left > 0 ? left : nil
        }
    }

    /// How the row looks now. nil: it is not there, or hidden.
    func viewState(_ address: RowAddress, _ schema: TableSchema) throws -> ViewState? {
        if let overlay = try overlayRow(address, schema) { return Self.state(overlay) }
        return try confirmedRow(address, schema).map(Self.state)
    }

    static func state(_ overlay: OverlayRow) -> ViewState? {
        !overlay.isHidden
            ? ViewState(row: overlay.row, members: overlay.members, isPending: overlay.isPending) : nil
    }

    static func state(_ confirmed: ConfirmedRow) -> ViewState {
        ViewState(row: confirmed.row, members: confirmed.members, isPending: false)
    }

    /// MUST be called before the row, or its overlay, is written for the first time in this transaction.
    func note(_ address: RowAddress, _ schema: TableSchema) throws {
        if journal.knows(address) { return }
        journal.note(address, try viewState(address, schema))
    }
}

/// Rows as a transaction last read or wrote them, or that they are not there: the passes of a rebase, and what
/// is told at the end, look at the same ones many times over.
private struct RecentRows<Element> {
    private var rows: [RowAddress: Element?] = [:]
    private static var limit: Int { 1_000 }

    /// Outer nil: not known.
    func row(_ address: RowAddress) -> Element?? { rows[address] }

    mutating func note(_ address: RowAddress, _ row: Element?) {
        if rows.count >= Self.limit { rows.removeAll(keepingCapacity: true) }
        rows.updateValue(row, forKey: address)
    }
}
