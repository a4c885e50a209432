import GRDB
import Postgres
import ShapeEngine
import Shapes
import SyncModel
import SyncProtocol
import TableStore

/// What the mirror goes over to without a stream that would tell of it: tables that were read anew lie in
/// `MirrorFile.staged`, and what differs is told to the shapes as one transaction, at the position.
struct MirrorAmendment {
    var catalogue: DatabaseSchema
    /// Of its tables.
    var identities: [TableName: TableIdentity]
    /// The transaction that the differences are told as, and where the stream goes on.
    var position: MirrorPosition
    /// Tables of the catalogue, as of the position. Those that are new to the mirror are among them.
    var staged: [TableName]
    /// What was confirmed before, where its messages do not come through the stream.
    var confirmations: [Confirmation]?

    struct Confirmation {
        let replica: String
        let seq: Int64
    }
}

extension Mirror {
    /// Rows, log entries, catalogue and position in one SQLite transaction; then the readers are woken. Shapes that can
    /// go on keep handle and log. Where tables are staged, nothing was told at the position yet.
    func amend(_ amendment: MirrorAmendment) throws {
        try writeOrRestore { db in try amend(amendment, db) }
        raiseFrontier(to: amendment.position.position)
        signal.wakeAll(at: frontier)
    }

    private func amend(_ amendment: MirrorAmendment, _ db: Database) throws {
        let old = state.catalogue ?? DatabaseSchema(tables: [])
        let catalogue = amendment.catalogue
        var position = amendment.position
        let staged = amendment.staged.compactMap { catalogue[$0] }
        let change = CatalogueChange(from: old, to: catalogue)
        if !change.isNone || state.position == nil {
            position.layout += 1
            try endShapes(change, db)
            try Self.layOut(change, db)
            // As they stand before the differences, in time too.
            try enlivenAll(keptShapes, catalogue, state.position ?? position, db)
        }
        var compared: [TableSchema] = []
        for table in staged {
            if old[table.name]?.primaryKey != table.primaryKey {
                // No shape has it.
                try MirrorFile.rows.take(table, from: MirrorFile.staged, in: db)
                continue
            }
            compared.append(table)
            try MirrorFile.delta.drop(table.name, in: db)
            try MirrorFile.delta.create(table, isIndexed: false, in: db)
            try MirrorFile.delta.insertDifferences(of: table, from: MirrorFile.rows, to: MirrorFile.staged, in: db)
            try MirrorFile.staged.drop(table.name, in: db)
        }
        let untold = state.position?.unsettled?.frontier
        if !compared.isEmpty || untold != nil {
            // No transaction of PostgreSQL's own stands behind the differences.
            var entries = TransactionEntries(
                tx: position.position, xid: 0, isInPieces: true, isOfDifferences: true)
            if let untold { try moveUntold(after: untold, into: &entries, db) }
            try takeDelta(of: compared, catalogue, committedAt: position.committedAt, in: &entries, db)
        }
        try MirrorFile.replace(amendment.identities, in: db)
        try position.replace(catalogue: String(decoding: catalogue.json, as: UTF8.self), in: db)
        if let confirmations = amendment.confirmations { try Self.replace(confirmations, at: position.position, db) }
        let reached = position
        self.change { memory in
            memory.catalogue = catalogue
            memory.identities = amendment.identities
            memory.position = reached
            memory.durable = .zero
            memory.isHeartbeatDue = false
        }
    }

    /// What was held back was decided on rows of which the half was known: it is told with the differences, as what
    /// both come to.
    private func moveUntold(after told: UInt64, into entries: inout TransactionEntries, _ db: Database) throws {
        let writer = ShapeLogWriter(db: db)
        for kept in keptShapes {
            let op = try writer.moveEntries(of: kept.id, after: told, to: entries.tx)
            if op > 0 { entries.goOn(from: op, in: kept.id) }
        }
    }

    private static func replace(
        _ confirmations: [MirrorAmendment.Confirmation], at tx: UInt64, _ db: Database
    ) throws {
        try db.execute(sql: "DELETE FROM confirmation")
        for confirmation in confirmations {
            try db.execute(
                sql: "INSERT INTO confirmation VALUES (?, ?, ?)",
                arguments: [confirmation.replica, Int64(tx), confirmation.seq])
        }
    }

    // MARK: - Another catalogue

    /// The tables of the catalogue that are others than those of the same names before. Sorted.
    func replaced(in catalog: Catalog) -> [TableName] {
        let known = state.identities
        return catalog.identities.keys.filter { name in
            known[name].map { $0 != catalog.identities[name] } ?? false
        }.sorted()
    }

    /// Ends the shapes that cannot go on, and takes the others over.
    private func endShapes(_ catalogue: CatalogueChange, _ db: Database) throws {
        guard let position = state.position else { return }
        let told = position.unsettled?.frontier ?? state.frontier
        let (reader, writer) = (ShapeLogReader(db: db), ShapeLogWriter(db: db))
        for kept in keptShapes {
            var verdict = catalogue.verdict(on: kept.shape, isElectric: kept.form != .stream, rules: rules)
            if case .goesOnFromHere = verdict {
                // Nobody can have read the whole of a snapshot that is still being written; and what nobody was told
                // yet would be read in other columns than it was written in.
                let isUnread = try reader.chunkCount(of: kept.id) == nil
                if try isUnread || reader.tells(of: catalogue.narrowed, in: kept.id, after: told) {
                    verdict = .ends(nil)
                }
            }
            switch verdict {
            case .goesOn(let shape): replace(kept, by: kept.with(shape, floor: kept.floor))
            case .goesOnFromHere(let shape):
                let last = kept.place(after: try reader.lastOffset(of: kept.id, through: told) ?? .snapshotEnd)
                let floor = max(last, kept.floor ?? last)
                try writer.raise(floor, of: kept)
                replace(kept, by: kept.with(shape, floor: floor))
            case .ends(let reason):
                try writer.retire(kept)
                if let reason { try writer.note(reason, for: kept.handle) }
                forget(kept)
                if let reason { change { $0.failures[kept.handle] = reason } }
            }
        }
    }

    func replace(_ kept: KeptShape, by next: KeptShape) {
        withMemory { memory in
            memory.shapes.remove(kept)
            memory.shapes.add(next)
        }
    }

    /// The rows in the columns of the new catalogue; tables that are new are empty.
    private static func layOut(_ change: CatalogueChange, _ db: Database) throws {
        for before in change.old.tables {
            guard let after = change.new[before.name], after.primaryKey == before.primaryKey else {
                try MirrorFile.rows.drop(before.name, in: db)
                continue
            }
            if !CatalogueChange.isSameLayout(before, after) {
                try MirrorFile.rows.reshape(from: before, to: after, in: db)
            }
        }
        for table in change.new.tables { try MirrorFile.rows.create(table, in: db) }
    }
}
