import GRDB
import SyncModel
import TableStore

extension ReplicaTransaction {
    /// Call it once, with every row whose confirmed image or queued operations changed.
    func rebase(_ addresses: [RowAddress]) throws {
        guard hasLocalChanges else { return }
        if journal.isCollapsed { return try rebaseAll() }
        if try !hasAppliedOperations { return try letGoOfOverlay() }
        if addresses.isEmpty { return }
        var rebase = Rebase(self)
        try rebase.run(addresses)
        // It collapsed on the way: what rows looked like before was not known to the end.
        if journal.isCollapsed { try rebaseAll() }
    }

    /// Of the parked ones those are laid on top that only build on a refused one.
    private var hasAppliedOperations: Bool {
        get throws {
            let parked = memory.counts[.parked, default: 0]
            if memory.unconfirmed > parked { return true }
            return try parked > 0 && OperationTable.hasAppliedParked(in: db)
        }
    }

    /// Without own operations everything is as the service said, however it was decided before.
    private func letGoOfOverlay() throws {
        for address in try overlaidAddresses(of: memory.schema?.tables ?? []) {
            guard let schema = memory.table(address.table) else { continue }
            try note(address, schema)
            try setOverlay(address, schema, from: overlayRow(address, schema), to: nil)
        }
        for address in memory.keptCount > 0 ? try keptAddresses() : [] {
            if let schema = memory.table(address.table) { try dropKept(address, schema) }
        }
        for index in memory.shapes.indices { memory.shapes[index].shortWindows = [] }
    }

    var hasLocalChanges: Bool {
        !memory.overlaid.isEmpty || memory.unconfirmed > 0
    }

    /// From nothing: the view before it is not known row by row.
    func rebaseAll() throws {
        journal.collapse()
        for table in memory.schema?.tables ?? [] where memory.overlaid[table.name] != nil {
            try stores.overlay.deleteAll(of: table, in: db)
        }
        memory.overlaid = [:]
        for index in memory.shapes.indices { memory.shapes[index].shortWindows = [] }
        forgetRows()
        // A journal of its own, without a limit on rows, tells each row's dependents what changed.
        let collapsed = journal
        journal = ViewJournal(limit: .max)
        var rebase = Rebase(self)
        var addresses = try OperationTable.appliedAddresses(in: db)
        if memory.keptCount > 0 { addresses += try keptAddresses() }
        try rebase.run(addresses)
        journal = collapsed
    }

    private func keptAddresses() throws -> [RowAddress] {
        var addresses: [RowAddress] = []
        for table in memory.schema?.tables ?? [] {
            try stores.kept.forEach(table, in: db) {
                addresses.append(RowAddress(table: table.name, key: $0.key))
            }
        }
        return addresses
    }

    func keptRow(_ address: RowAddress, _ schema: TableSchema) throws -> ConfirmedRow? {
        guard memory.keptCount > 0 else { return nil }
        return try stores.kept.row(address.key, of: schema, in: db).map { ConfirmedRow($0) }
    }

    /// A confirmed row is about to lose a shape: where operations are queued on it, it stays in view as it stood,
    /// with the columns of all shapes that it leaves.
    func keep(_ address: RowAddress, _ schema: TableSchema, _ row: ConfirmedRow) throws {
        guard try !applied(to: address).isEmpty else { return }
        var next = row
        if let kept = try keptRow(address, schema) {
            next.members = kept.members
            for column in row.row.values.indices where row.row[column] == .absent {
                next.row[column] = kept.row[column]
            }
        } else {
            memory.keptCount += 1
        }
        try stores.kept.upsert(next.stored(address.key), of: schema, in: db)
    }

    /// Operations on a row were confirmed, and the row is not there: others deleted it since. Where more are queued on
    /// it, what these made of it stays in view, also of a row that came and went between two answers.
    func keep(_ address: RowAddress, after confirmed: [Operation]) throws {
        guard let schema = memory.table(address.table), try confirmedRow(address, schema) == nil,
            try !applied(to: address).isEmpty
        else { return }
        let old = try keptRow(address, schema)
        var fold = OperationFold(address.key, base: old?.row, in: schema)
        for operation in confirmed { fold.apply(operation) }
        guard let row = fold.row else { return try dropKept(address, schema) }
        if old == nil { memory.keptCount += 1 }
        let members = try old?.members ?? overlayRow(address, schema)?.members ?? 0
        let next = ConfirmedRow(row: row, clock: old?.clock ?? .zero, members: members)
        try stores.kept.upsert(next.stored(address.key), of: schema, in: db)
    }

    /// The row is there, or nothing is queued on it any more.
    func dropKept(_ address: RowAddress, _ schema: TableSchema) throws {
        guard try keptRow(address, schema) != nil else { return }
        try stores.kept.delete(address.key, of: schema, in: db)
        memory.keptCount -= 1
    }

    func applied(to address: RowAddress) throws -> [OperationRecord] {
        guard memory.unconfirmed > 0 else { return [] }
        return try OperationTable.applied(to: address, in: db)
    }

    /// What the operations on a row start from: the confirmed row, or the row as it stood when it went while
    /// they were queued. Lets go of the latter when it is not needed any more.
    func base(
        _ address: RowAddress, _ schema: TableSchema, _ confirmed: ConfirmedRow?, hasOperations: Bool
    ) throws -> ConfirmedRow? {
        if hasOperations && confirmed == nil { return try keptRow(address, schema) }
        try dropKept(address, schema)
        return confirmed
    }

    /// How the row looks with its operations on top; nil where it looks as confirmed.
    ///
    /// - Parameter members: stands until the shapes are decided.
    func image(
        _ schema: TableSchema, _ fold: OperationFold, members: Int64, hasOperations: Bool
    ) throws -> OverlayRow? {
        guard var row = fold.row else {
            return fold.deleted.map {
                OverlayRow(row: $0, members: 0, hiding: .deleted, isPending: hasOperations)
            }
        }
        var isTouched = hasOperations
        switch try fate(of: row, schema) {
        case .stays: break
        case .goes: return OverlayRow(row: row, members: 0, hiding: .cascaded, isPending: hasOperations)
        case .loses(let columns):
            for column in columns { row[column] = .null }
            isTouched = true
        }
        if !isTouched { return nil }
        return OverlayRow(row: row, members: members, hiding: .shown, isPending: true)
    }
}

// MARK: - Deleted parents

extension ReplicaTransaction {
    private enum Fate {
        case stays
        case goes
        /// These columns become NULL.
        case loses([Int])
    }

    /// What becomes of a row because rows that it refers to are deleted locally.
    private func fate(of row: SyncedRow, _ schema: TableSchema) throws -> Fate {
        var lost: [Int] = []
        for key in schema.foreignKeys where key.onDelete == .cascade || key.onDelete == .setNull {
            guard memory.overlaid[key.references] != nil, let parent = memory.table(key.references) else { continue }
            let columns = key.columns.compactMap(schema.index(of:))
            guard try isHidden(parent, key.referencedColumns, columns.map { row[$0] }) else { continue }
            if key.onDelete == .cascade { return .goes }
            lost += columns
        }
        return lost.isEmpty ? .stays : .loses(lost)
    }

    private func isHidden(_ parent: TableSchema, _ referenced: [String], _ values: [Value]) throws -> Bool {
        guard values.count == referenced.count, values.allSatisfy({ $0.text != nil }) else { return false }
        if referenced == parent.primaryKey {
            let address = RowAddress(table: parent.name, key: RowKey(values: values))
            return try overlayRow(address, parent)?.isHidden ?? false
        }
        let columns = referenced.compactMap(parent.index(of:))
        let rows = try stores.overlay.rows(of: parent, where: columns, equal: values, in: db)
        return !rows.isEmpty && rows.allSatisfy { OverlayRow($0).isHidden }
    }
}

// MARK: - Membership

extension ReplicaTransaction {
    /// Which shapes a row is in, locally. What no local change touches is in the shapes that the service `said`.
    func members(
        _ address: RowAddress, _ row: SyncedRow, said: Int64, isTouched: Bool
    ) throws -> Int64 {
        var shapes: [Int64] = []
        for record in memory.shapes where record.isVisible && record.ended == nil {
            let wasSaid = memory.sets.contains(record.number, in: said)
            guard record.aheadOf == nil, let resolved = record.resolved,
                resolved.selection(of: address.table) != nil
            else {
                if wasSaid { shapes.append(record.number) }
                continue
            }
            var isIn = wasSaid
            if try isTouched || resolved.ranks(address.table)
                || hasDepartedParent(address.table, row, in: resolved)
            {
                let membership = LocalMembership(transaction: self, shape: resolved, number: record.number)
                isIn = try membership.contains(address, row) ?? wasSaid
            }
            if isIn { shapes.append(record.number) }
        }
        return try memory.sets.number(of: shapes, in: db)
    }

    /// A row that this one is, or was, in the shape for departs from what the service said.
    private func hasDepartedParent(_ table: TableName, _ row: SyncedRow, in shape: ResolvedShape) throws -> Bool {
        for link in shape.links where link.child == table && memory.overlaid[link.parent] != nil {
            guard let parent = memory.table(link.parent) else { continue }
            let values = link.childColumns.map { row[$0] }
            if link.parentColumns == parent.keyIndexes {
                guard values.allSatisfy({ $0.text != nil }) else { continue }
                let address = RowAddress(table: link.parent, key: RowKey(values: values))
                if try departs(address, parent) { return true }
                continue
            }
            for address in try addresses(of: parent, where: link.parentColumns, equal: values)
            where try departs(address, parent) { return true }
        }
        return false
    }

    private func departs(_ address: RowAddress, _ schema: TableSchema) throws -> Bool {
        guard let overlay = try overlayRow(address, schema) else { return false }
        return departs(overlay, from: try confirmedRow(address, schema), address.table)
    }

    /// The row is in other shapes, or joins other rows, than the service said.
    func departs(_ overlay: OverlayRow?, from confirmed: ConfirmedRow?, _ table: TableName) -> Bool {
        guard let overlay else { return false }
        guard let confirmed, !overlay.isHidden, overlay.members == confirmed.members else { return true }
        return links(from: table).contains { link in
            link.parentColumns.contains { overlay.row[$0] != confirmed.row[$0] }
        }
    }

    /// The links of shapes in view that lead from a table to its children, each once.
    func links(from table: TableName) -> [ResolvedShape.Link] {
        var links: [ResolvedShape.Link] = []
        for record in memory.shapes where record.aheadOf == nil && record.isVisible && record.ended == nil {
            for link in record.resolved?.links ?? [] where link.parent == table && !links.contains(link) {
                links.append(link)
            }
        }
        return links
    }
}
