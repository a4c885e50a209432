import GRDB
import Postgres
import SyncModel
import TableStore

/// A transaction that is too large to be held, as far as it has come. What its rows become lies in `MirrorFile.delta`.
struct Spill: Sendable {
    let header: SourceTransactionHeader
    /// Tables that have a delta table.
    var tables: Set<TableName> = []
    /// Emptied without telling of each row.
    var truncated: [TableName] = []
    /// Those of operations.
    var messages: [LogicalMessage] = []
}

/// What was written beside the rows since the service began.
package struct SpillFigures: Hashable, Sendable {
    package var transactions = 0
    package var parts = 0
    package var rows = 0
    /// The most events, and the most changed rows, that were held at once.
    package var mostEvents = 0
    package var mostRows = 0
    /// The most bytes of rows, as they were and become, that were taken in at once.
    package var mostBytes = 0
}

/// Large transactions: their parts are written beside the rows as they come, last image over first, and taken in piece
/// by piece once the end has come. What is held is a part, then a piece.
extension Mirror {
    package var spillFigures: SpillFigures { state.spillFigures }

    /// What an earlier stream left unfinished comes again.
    func dropSpill() throws {
        guard let spill = state.spill else { return }
        try pool.write { db in
            for table in spill.tables.sorted() { try MirrorFile.delta.drop(table, in: db) }
        }
        change { $0.spill = nil }
    }

    func spill(_ events: [SourceEvent], of header: SourceTransactionHeader) throws {
        try settle(before: header.position)
        guard let catalogue, let position = state.position, position.offset(of: header.position) > position.position
        else { return }
        var spill = state.spill ?? Spill(header: header)
        let followed = catalogue.without(position.unsettled?.tables ?? [])
        let identities = state.identities
        let count = try pool.write { db in try Self.write(events, into: &spill, followed, identities, db) }
        let next = spill
        change { memory in
            memory.spill = next
            memory.spillFigures.parts += 1
            memory.spillFigures.rows += count
            memory.spillFigures.mostEvents = max(memory.spillFigures.mostEvents, events.count)
            memory.spillFigures.mostRows = max(memory.spillFigures.mostRows, count)
        }
    }

    /// Returns how many rows changed.
    private static func write(
        _ events: [SourceEvent], into spill: inout Spill, _ catalogue: DatabaseSchema,
        _ identities: [TableName: TableIdentity], _ db: Database
    ) throws -> Int {
        let before = spill
        var completer = TransactionCompleter(
            schema: catalogue, identities: identities, needsOld: false
        ) { table, key in
            try catalogue[table].flatMap { try before.row(key, of: $0, db) }.map { ($0.row, MirrorSource.clock($0)) }
        }
        let result = try completer.complete(events)
        if let table = result.schemaDiffers { throw SchemaChanged(table: table) }
        for name in result.truncated {
            if spill.tables.contains(name), let table = catalogue[name] {
                try MirrorFile.delta.deleteAll(of: table, in: db)
            }
            if !spill.truncated.contains(name) { spill.truncated.append(name) }
        }
        var writer = DeltaWriter(catalogue: catalogue, spill: spill, db: db)
        for clock in result.clocks { try writer.write(clock) }
        for change in result.changes { try writer.write(change) }
        spill.tables.formUnion(writer.tables)
        spill.messages += result.messages.filter { $0.prefix == operationPrefix }
        return result.changes.count + result.clocks.count
    }

    /// The transaction has ended: all of it, and the position, are one SQLite transaction.
    func applySpill(_ header: SourceTransactionHeader, end: LSN) throws {
        guard let spill = state.spill, spill.header == header, let catalogue, var position = state.position
        else { return }
        let tx = position.offset(of: header.position)
        position.reach(tx, header, end: end)
        let reached = position
        let touched = try writeOrRestore { db in try apply(spill, tx: tx, reaching: reached, catalogue, db) }
        guard reached.unsettled == nil else { return }
        raiseFrontier(to: tx)
        signal.applied(tx: tx, shapes: touched.shapes, replicas: touched.replicas)
    }

    private func apply(
        _ spill: Spill, tx: UInt64, reaching position: MirrorPosition, _ catalogue: DatabaseSchema, _ db: Database
    ) throws -> Touched {
        var touched = Touched()
        try retireShapes(of: spill.truncated, &touched, catalogue, db)
        var entries = TransactionEntries(tx: tx, xid: spill.header.xid, isInPieces: true)
        let tables = spill.tables.sorted().compactMap { catalogue[$0] }
        try takeDelta(of: tables, catalogue, committedAt: position.committedAt, in: &entries, db)
        touched.shapes += entries.touched
        touched.replicas = try Self.confirm(spill.messages, tx: tx, epoch: position.epoch, db)
        try position.advance(in: db)
        change { memory in
            memory.position = position
            memory.isHeartbeatDue = true
            memory.spill = nil
            memory.spillFigures.transactions += 1
        }
        return touched
    }
}

/// Writes what rows become beside the mirror's.
private struct DeltaWriter {
    let catalogue: DatabaseSchema
    /// As it was before what is written now, but without the rows that a TRUNCATE took.
    let spill: Spill
    let db: Database
    /// Those that have a delta table.
    private(set) var tables: Set<TableName>
    private var writer: TableWriter?

    init(catalogue: DatabaseSchema, spill: Spill, db: Database) {
        self.catalogue = catalogue
        self.spill = spill
        self.db = db
        tables = spill.tables
    }

    mutating func write(_ change: RowChange) throws {
        guard try open(change.table), let table = writer?.schema else { return }
        let row = change.new ?? Row(Array(repeating: .null, count: table.columns.count))
        let clock = change.clock ?? MirrorFile.unsaidClock
        let extras = [clock.version, clock.clock.microseconds, change.new == nil ? 1 : 0]
        try writer?.upsert(change.key, row, extras: extras)
    }

    /// Clocks come after all rows of a statement, mostly in another part than theirs.
    mutating func write(_ said: ClockRow) throws {
        guard try open(said.relation), let table = writer?.schema else { return }
        let (version, clock) = (said.clock.version, said.clock.clock.microseconds)
        if try writer?.set(["version": version, "clock": clock], of: said.key) == true { return }
        let row = try spill.row(said.key, of: table, db)?.row
        try write(RowChange(table: table.name, key: said.key, old: nil, new: row, clock: said.clock))
    }

    /// False: the table is not followed.
    private mutating func open(_ name: TableName) throws -> Bool {
        if writer?.schema.name == name { return true }
        guard let table = catalogue[name] else { return false }
        if tables.insert(name).inserted {
            try MirrorFile.delta.drop(name, in: db)
            try MirrorFile.delta.create(table, isIndexed: false, in: db)
        }
        writer = try MirrorFile.delta.writer(of: table, in: db)
        return true
    }
}

extension Spill {
    /// The row as the transaction has left it so far.
    fileprivate func row(_ key: RowKey, of table: TableSchema, _ db: Database) throws -> StoredRow? {
        if tables.contains(table.name), let changed = try MirrorFile.delta.row(key, of: table, in: db) {
            return changed.extras[2] == 0 ? changed : nil
        }
        return truncated.contains(table.name) ? nil : try MirrorFile.rows.row(key, of: table, in: db)
    }
}
