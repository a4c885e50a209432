import GRDB
import JSONText
import Postgres
import ShapeEngine
import Shapes
import SyncModel
import TableStore

extension Mirror {
    /// Thrown by `apply` when the stream no longer fits the catalogue: the table has to be read anew.
    struct SchemaChanged: Error {
        /// nil: the catalogue is to be looked at again.
        let table: TableName?
    }

    /// Applies committed transactions, in their order: rows, log entries of every shape that they touch, confirmations
    /// and position in one SQLite transaction; then wakes the readers.
    ///
    /// A transaction at or below the position was applied before a restart and is passed over. With `SchemaChanged`
    /// those before the one that it is thrown for are applied; with any other error, none.
    func apply(_ transactions: [SourceTransaction]) throws {
        // The place where tables are compared may lie between two of them.
        if transactions.count > 1, state.pending != nil { return try transactions.forEach { try apply([$0]) } }
        guard let first = transactions.first else { return }
        try settle(before: first.position)
        guard let catalogue, let position = state.position else { return }
        let group = try writeOrRestore { db in try write(transactions, from: position, catalogue, db) }
        if group.reached > position.position, position.unsettled == nil {
            raiseFrontier(to: group.reached)
            signal.applied(tx: group.reached, shapes: group.touched.shapes, replicas: group.touched.replicas)
        }
        if let differs = group.differs { throw differs }
    }

    private struct WrittenGroup {
        /// The newest that was applied.
        var reached: UInt64
        var touched = Touched()
        /// Of the transaction that could not be, and nothing was written of.
        var differs: SchemaChanged?
    }

    private func write(
        _ transactions: [SourceTransaction], from start: MirrorPosition, _ catalogue: DatabaseSchema, _ db: Database
    ) throws -> WrittenGroup {
        var position = start
        var group = WrittenGroup(reached: position.position)
        let source = MirrorSource(db: db, schema: catalogue)
        for transaction in transactions {
            let tx = position.offset(of: transaction.position)
            guard tx > position.position else { continue }
            let result = try complete(transaction, catalogue, position.unsettled?.tables ?? [], source)
            if let table = result.schemaDiffers {
                group.differs = SchemaChanged(table: table)
                break
            }
            position.reach(tx, SourceTransactionHeader(transaction), end: transaction.end)
            for xmin in transaction.events.compactMap(Heartbeat.xmin) { position.seen.ended(below: xmin) }
            try write(transaction, result, reaching: position, source, &group.touched)
            group.reached = tx
        }
        if position.position > start.position { try position.advance(in: db) }
        return group
    }

    private func write(
        _ transaction: SourceTransaction, _ result: TransactionCompleter.Result, reaching position: MirrorPosition,
        _ source: MirrorSource, _ touched: inout Touched
    ) throws {
        let (db, catalogue, tx) = (source.db, source.schema, position.position)
        try retireShapes(of: result.truncated, &touched, catalogue, db)
        // Electric's clients expect to begin anew, however few the rows were.
        if !result.emptied.isEmpty {
            try retire(keptShapes(touching: result.emptied).filter { $0.form != .stream }, &touched, db)
        }
        let step = try step(result.changes, committedAt: transaction.committedAt, source)
        if let step {
            var entries = TransactionEntries(tx: tx, xid: transaction.xid)
            try log(step, result.changes, source: source, in: &entries)
            touched.shapes += entries.touched
        }
        try Self.store(result.changes, catalogue, db)
        touched.replicas += try Self.confirm(result.messages, tx: tx, epoch: position.epoch, db)
        if let step { commit(step) }
        let heartbeatCount = transaction.events.count { Heartbeat.xmin(of: $0) != nil }
        change { memory in
            memory.position = position
            // One after each heartbeat would never end.
            memory.isHeartbeatDue = heartbeatCount < transaction.events.count
        }
    }

    struct Touched {
        var shapes: [Int64] = []
        var replicas: [ReplicaID] = []
    }

    private func complete(
        _ transaction: SourceTransaction, _ catalogue: DatabaseSchema, _ ignored: [TableName], _ source: MirrorSource
    ) throws -> TransactionCompleter.Result {
        let db = source.db
        let followed = ignored.isEmpty ? catalogue : catalogue.without(ignored)
        var completer = TransactionCompleter(schema: followed, identities: state.identities) { table, key in
            guard let stored = try source.stored(key, of: table) else { return nil }
            return (stored.row, MirrorSource.clock(stored))
        } rows: { table in
            guard let table = catalogue[table] else { return nil }
            let rows = try MirrorFile.rows.scan(
                table, after: nil, limit: Self.truncateLimit + 1, bytes: Self.truncateBytes, in: db)
            let bytes = rows.reduce(0) { $0 + $1.row.byteCount }
            if rows.count > Self.truncateLimit || bytes >= Self.truncateBytes { return nil }
            return rows.map { ($0.key, $0.row, MirrorSource.clock($0)) }
        }
        return try completer.complete(transaction.events)
    }

    /// What the shapes' logs have of the transaction that is being written.
    struct TransactionEntries {
        let tx: UInt64
        let xid: UInt32
        /// The next op number of each shape.
        fileprivate(set) var ops: [Int64: UInt64] = [:]
        /// It is taken in piece by piece.
        let isInPieces: Bool
        /// What differs after a while of which only the end is known.
        let isOfDifferences: Bool
        /// Of one in pieces: the shapes whose logs may say several things of one row, because others move it, or
        /// because there was something before.
        fileprivate(set) var repeating: Set<Int64> = []

        init(tx: UInt64, xid: UInt32, isInPieces: Bool = false, isOfDifferences: Bool = false) {
            self.tx = tx
            self.xid = xid
            self.isInPieces = isInPieces
            self.isOfDifferences = isOfDifferences
        }

        /// The log of the shape has entries of the transaction already, up to this op number.
        mutating func goOn(from op: UInt64, in shape: Int64) {
            ops[shape] = op
            repeating.insert(shape)
        }

        var touched: [Int64] { ops.keys.sorted() }

        /// A permission is lost. Of a row that is gone it is not known whether it could be read until its end.
        fileprivate func revokes(_ shown: ShapeChanges, of kept: KeptShape) -> Bool {
            if shown.isRevoked { return true }
            return isOfDifferences && kept.shape.grant.isRestricted && shown.changes.contains { $0.kind == .delete }
        }
    }

    func log(
        _ step: LiveShapes.Step, _ changes: [RowChange], source: MirrorSource, in entries: inout TransactionEntries
    ) throws {
        guard !step.touched.isEmpty else { return }
        var stored = StoredChanges(changes)
        let writer = try ShapeLogWriter.Entries(in: source.db)
        let (tx, xid) = (entries.tx, entries.xid)
        for (id, shown) in step.touched {
            guard let kept = keptShape(id) else { continue }
            if entries.revokes(shown, of: kept), try !revoke(kept, before: tx, source.db) {
                entries.ops[id] = entries.ops[id] ?? 0
                continue
            }
            if kept.form == .stream, !shown.failures.isEmpty {
                try note(shown.failures, of: id, source.db)
                entries.ops[id] = entries.ops[id] ?? 0
            }
            // Electric's messages bear no clocks.
            let logged = kept.form == .stream ? shown.changes + shown.clocks : shown.changes
            guard !logged.isEmpty else { continue }
            withMemory { $0.logLengths[id, default: 0] += logged.count }
            if entries.isInPieces, !logged.allSatisfy(stored.hasOwn) { entries.repeating.insert(id) }
            entries.ops[id] = try writer.append(logged, to: kept, tx: tx, from: entries.ops[id] ?? 0) { change in
                try stored.id(of: change) { known in
                    let clock = try known?.clock ?? source.clock(change.key, of: change.table)
                    return try writer.insert(known, change, clock: clock, tx: tx, xid: xid)
                }
            }
        }
    }

    /// Which row changes of a transaction are in the change log, and under what number: each once, for all shapes.
    private struct StoredChanges {
        private let changes: [RowChange]
        private var places: [ShapeLogWriter.Place: Int] = [:]
        private var ids: [Int64?]
        /// Of rows that did not change, but came or went with others.
        private var moved: [ShapeLogWriter.Place: Int64] = [:]

        init(_ changes: [RowChange]) {
            self.changes = changes
            ids = Array(repeating: nil, count: changes.count)
            places.reserveCapacity(changes.count)
            for (number, change) in changes.enumerated() {
                places[ShapeLogWriter.Place(change.table, change.key)] = number
            }
        }

        /// The row changed itself.
        func hasOwn(_ shown: ShapeChange) -> Bool { places[ShapeLogWriter.Place(shown.table, shown.key)] != nil }

        /// `insert` is given the row's own change, where there is one.
        mutating func id(of shown: ShapeChange, insert: (RowChange?) throws -> Int64) throws -> Int64 {
            let place = ShapeLogWriter.Place(shown.table, shown.key)
            if let number = places[place] {
                if let id = ids[number] { return id }
                let id = try insert(changes[number])
                ids[number] = id
                return id
            }
            if let id = moved[place] { return id }
            let id = try insert(nil)
            moved[place] = id
            return id
        }
    }

    /// Electric's wire has no place for them.
    private func note(_ failures: [FailureChange], of shape: Int64, _ db: Database) throws {
        let before = state.conditionFailures[shape]?.count ?? 0
        let next = try FailureStore(db: db).take(failures, of: shape, before: before)
        change { $0.conditionFailures[shape] = next.count == 0 ? nil : next }
    }

    static func store(_ changes: [RowChange], _ catalogue: DatabaseSchema, _ db: Database) throws {
        var writer: TableWriter?
        for change in changes {
            if writer?.schema.name != change.table {
                guard let table = catalogue[change.table] else { continue }
                writer = try MirrorFile.rows.writer(of: table, in: db)
            }
            if let row = change.new {
                let clock = change.clock ?? .zero
                let extras = [clock.version, clock.clock.microseconds]
                try writer?.write(change.key, row, over: change.old, extras: extras)
            } else {
                try writer?.delete(change.key)
            }
        }
    }

    /// A table of more rows, or of rows of more bytes, is emptied without telling of each.
    static let truncateLimit = 10_000
    static let truncateBytes = 16 << 20

    /// A shape over a large emptied table starts a new life: telling every row's end would cost what TRUNCATE saves.
    func retireShapes(
        of tables: [TableName], _ touched: inout Touched, _ catalogue: DatabaseSchema, _ db: Database
    ) throws {
        guard !tables.isEmpty else { return }
        for table in tables {
            if let schema = catalogue[table] { try MirrorFile.rows.deleteAll(of: schema, in: db) }
        }
        try retire(keptShapes(touching: tables), &touched, db)
    }

    private func retire(_ shapes: [KeptShape], _ touched: inout Touched, _ db: Database) throws {
        for kept in shapes { try ShapeLogWriter(db: db).retire(kept) }
        for kept in shapes { forget(kept) }
        touched.shapes += shapes.map(\.id)
    }

    /// Of the messages that confirm operations.
    static let operationPrefix = "satchel.operation"

    /// A message of another history tells nothing of what this one has.
    static func confirm(
        _ messages: [LogicalMessage], tx: UInt64, epoch: Epoch, _ db: Database
    ) throws -> [ReplicaID] {
        var replicas: [ReplicaID] = []
        for message in messages where message.prefix == operationPrefix {
            guard let content = try? JSON(parsing: message.content.string), let replica = content["replica"]?.string,
                let seq = content["seq"]?.int, content["epoch"]?.string.flatMap({ Epoch($0) }) == epoch
            else { continue }
            try db.cachedStatement(sql: "INSERT OR REPLACE INTO confirmation VALUES (?, ?, ?)")
                .execute(arguments: [replica, Int64(tx), seq])
            // A reader asks for what was confirmed at a recent frontier only.
            try db.cachedStatement(
                sql: """
                    DELETE FROM confirmation WHERE replica = ? AND tx < (
                        SELECT tx FROM confirmation WHERE replica = ? ORDER BY tx DESC LIMIT 1 OFFSET 99)
                    """
            ).execute(arguments: [replica, replica])
            replicas.append(ReplicaID(replica))
        }
        return replicas
    }
}
