import SyncModel

/// Recomputes the overlay of rows whose confirmed image or queued operations changed, and of the rows that
/// hang on them.
///
/// Two passes, each over a worklist. The first decides how rows look: operations on top, hidden or without a
/// reference because of a deletion, which spreads along foreign keys. The second decides which shapes they are
/// in, by all rows as they look after the first, which spreads from parents to the children that a shape
/// includes. What a pass costs is bounded by what is touched, not by what is queued.
struct Rebase {
    let transaction: ReplicaTransaction
    private var images = Worklist()
    private var memberships = Worklist()
    /// Overlay rows, as they looked, of rows that look as confirmed again.
    private var returned: [(table: TableName, row: SyncedRow)] = []
    /// Overlay rows, as they looked, of rows that look different now: windows that they were ranked in.
    private var former: [(table: TableName, row: SyncedRow)] = []
    private var ranked: Set<WindowID> = []
    /// Rows that were hidden when their referrers were last told.
    private var toldHidden: [RowAddress: Bool] = [:]
    /// Before the first pass.
    private var wasOverlaid: Set<RowAddress> = []
    /// Rows of the first pass.
    private var imaged: Set<RowAddress> = []

    init(_ transaction: ReplicaTransaction) {
        self.transaction = transaction
    }

    mutating func run(_ addresses: [RowAddress]) throws {
        for address in addresses { images.add(address) }
        while let address = images.next() {
            guard let schema = transaction.memory.table(address.table) else { continue }
            try decideImage(address, schema)
            imaged.insert(address)
            memberships.add(address)
        }
        for (table, row) in returned {
            for link in transaction.links(from: table) { try letGo(link, link.parentColumns.map { row[$0] }) }
        }
        transaction.rankings = [:]
        for (table, row) in former { try rank(transaction.windows(with: row, of: table)) }
        while let address = memberships.next() {
            guard let schema = transaction.memory.table(address.table) else { continue }
            transaction.rebuilt += 1
            try decideMembership(address, schema)
        }
        transaction.rankings = [:]
        try transaction.forgetWindowsOfDeparted()
    }
}

// MARK: - How rows look

extension Rebase {
    private mutating func decideImage(_ address: RowAddress, _ schema: TableSchema) throws {
        try transaction.note(address, schema)
        let confirmed = try transaction.confirmedRow(address, schema)
        var old = try transaction.overlayRow(address, schema)
        if old != nil { wasOverlaid.insert(address) }
        let wasHidden = toldHidden[address] ?? old?.isHidden ?? false
        let overlaid = old?.row
        let operations = try transaction.applied(to: address)
        let base = try transaction.base(address, schema, confirmed, hasOperations: !operations.isEmpty)
        var fold = OperationFold(address.key, base: base?.row, in: schema)
        for record in operations { fold.apply(record.operation) }
        if let hidden = old, hidden.isHidden, fold.row != nil || fold.deleted == nil {
            try release(address, schema, hidden)
            old = nil
        }
        let new = try transaction.image(
            schema, fold, members: old?.members ?? base?.members ?? 0, hasOperations: !operations.isEmpty)
        try transaction.setOverlay(address, schema, from: old, to: new)
        if new == nil, let overlaid { returned.append((address.table, overlaid)) }
        if let overlaid, new?.row != overlaid { former.append((address.table, overlaid)) }
        let isHidden = new?.isHidden ?? false
        guard isHidden != wasHidden else { return }
        toldHidden[address] = isHidden
        if let row = new?.row ?? overlaid { try tellReferrers(address.table, row) }
    }

    /// The row's deletion went: what its cascade hid is shown again, unless another deletion still hides it.
    /// The overlay rows go before anything is decided, so that rows that refer to each other in a circle cannot
    /// keep each other hidden.
    private mutating func release(_ address: RowAddress, _ schema: TableSchema, _ hidden: OverlayRow) throws {
        try transaction.setOverlay(address, schema, from: hidden, to: nil)
        for reference in transaction.memory.references[address.table] ?? [] {
            switch reference.onDelete {
            case .cascade: try releaseChildren(reference, of: hidden)
            case .setNull: try addNulled(reference)
            case .noAction, .restrict, .setDefault: break
            }
        }
    }

    private mutating func releaseChildren(_ reference: ReplicaMemory.Reference, of hidden: OverlayRow) throws {
        let values = reference.parentColumns.map { hidden.row[$0] }
        let children = try transaction.addresses(
            of: reference.child, where: reference.columns, equal: values, onlyOverlaid: true)
        for child in children {
            guard let row = try transaction.overlayRow(child, reference.child), row.hiding == .cascaded else {
                continue
            }
            try transaction.note(child, reference.child)
            wasOverlaid.insert(child)
            // Its referrers saw it hidden.
            if toldHidden[child] == nil { toldHidden[child] = true }
            returned.append((child.table, row.row))
            former.append((child.table, row.row))
            images.add(child)
            try release(child, reference.child, row)
        }
    }

    /// Rows that lost their reference do not tell any more to which row it was: all of them are looked at again.
    private mutating func addNulled(_ reference: ReplicaMemory.Reference) throws {
        for address in try transaction.overlaidAddresses(of: [reference.child]) {
            guard let row = try transaction.overlayRow(address, reference.child)?.row else { continue }
            if reference.columns.contains(where: { row[$0] == .null }) { images.add(address) }
        }
    }

    private mutating func tellReferrers(_ table: TableName, _ row: SyncedRow) throws {
        for reference in transaction.memory.references[table] ?? []
        where reference.onDelete == .cascade || reference.onDelete == .setNull {
            let values = reference.parentColumns.map { row[$0] }
            let children = try transaction.addresses(of: reference.child, where: reference.columns, equal: values)
            for child in children { images.add(child) }
        }
    }
}

// MARK: - Which shapes rows are in

extension Rebase {
    private mutating func decideMembership(_ address: RowAddress, _ schema: TableSchema) throws {
        try transaction.note(address, schema)
        let confirmed = try transaction.confirmedRow(address, schema)
        let old = try transaction.overlayRow(address, schema)
        var new = old
        if let row = old?.row ?? confirmed?.row, old?.isHidden != true {
            let isTouched = old?.isPending ?? false
            let said = try (confirmed ?? transaction.keptRow(address, schema))?.members ?? 0
            let members = try transaction.members(address, row, said: said, isTouched: isTouched)
            let isAsConfirmed = !isTouched && members == confirmed?.members
            new =
                isAsConfirmed
                ? nil : OverlayRow(row: row, members: members, hiding: .shown, isPending: isTouched)
            try transaction.setOverlay(address, schema, from: old, to: new)
        }
        if old != nil && !imaged.contains(address) { wasOverlaid.insert(address) }
        let was =
            transaction.journal.told[address]
            ?? ViewJournal.Look(
                state: transaction.journal.before[address] ?? nil, departs: wasOverlaid.contains(address))
        let now = ViewJournal.Look(
            state: new.map(ReplicaTransaction.state) ?? confirmed.map(ReplicaTransaction.state),
            departs: transaction.departs(new, from: confirmed, address.table))
        try rankAround(address, [was.state?.row, now.state?.row, confirmed?.row], members: now.state?.members ?? 0)
        if now == was { return }
        transaction.journal.told[address] = now
        try tellChildren(address.table, from: was, to: now)
    }

    /// Rows that are in a shape for this row's sake come, go or stay with it. Where it does not depart, those that
    /// have no overlay are in the shapes that the service said, and only the others have to be looked at.
    private mutating func tellChildren(
        _ table: TableName, from was: ViewJournal.Look, to now: ViewJournal.Look
    ) throws {
        for link in transaction.links(from: table) {
            let old = was.state.map { state in link.parentColumns.map { state.row[$0] } }
            let new = now.state.map { state in link.parentColumns.map { state.row[$0] } }
            let isSame = old == new && was.state?.members == now.state?.members
            if isSame && was.departs == now.departs { continue }
            let onlyOverlaid = !now.departs
            guard let child = transaction.memory.table(link.child) else { continue }
            for values in [old, new].compactMap(\.self) {
                if was.departs, !now.departs || old != new { try letGo(link, values) }
                let children = try transaction.addresses(
                    of: child, where: link.childColumns, equal: values, onlyOverlaid: onlyOverlaid)
                for child in children { memberships.add(child) }
            }
        }
    }
}

// MARK: - Windows

extension Rebase {
    /// A row that comes, goes or moves in a window moves others over its end.
    private mutating func rankAround(_ address: RowAddress, _ looks: [SyncedRow?], members: Int64) throws {
        for row in looks.compactMap(\.self) { try rank(transaction.windows(with: row, of: address.table)) }
        try rank(transaction.windows(for: address, members: members))
    }

    private mutating func rank(_ windows: [WindowID]) throws {
        for id in windows where ranked.insert(id).inserted {
            for address in try transaction.rank(id) { memberships.add(address) }
        }
    }
}

// MARK: - Rows that a departed one held

extension Rebase {
    /// A row above does not depart any more as it did: rows that are in shapes, or out of them, for its sake look as
    /// confirmed until they are decided again. All of them before any is decided, so that rows that join themselves, or
    /// each other in a circle, cannot keep each other where they were.
    private mutating func letGo(_ link: ResolvedShape.Link, _ values: [Value]) throws {
        var waiting = [(link: link, values: values)]
        while let (link, values) = waiting.popLast() {
            guard let schema = transaction.memory.table(link.child) else { continue }
            let children = try transaction.addresses(
                of: schema, where: link.childColumns, equal: values, onlyOverlaid: true)
            for child in children {
                guard let old = try transaction.overlayRow(child, schema), !old.isPending, !old.isHidden else {
                    continue
                }
                try transaction.note(child, schema)
                wasOverlaid.insert(child)
                try transaction.setOverlay(child, schema, from: old, to: nil)
                memberships.add(child)
                waiting += transaction.links(from: link.child).map { below in
                    (link: below, values: below.parentColumns.map { old.row[$0] })
                }
            }
        }
    }
}

/// Rows to look at, each in the order in which it was first asked for, and again when asked for again.
private struct Worklist {
    private var waiting: [RowAddress] = []
    private var first = 0
    private var isWaiting: Set<RowAddress> = []
    private var visits: [RowAddress: Int] = [:]

    /// References that go round in a circle could keep rows waking each other; a few visits settle any real case.
    private static let maxVisits = 8

    mutating func add(_ address: RowAddress) {
        guard visits[address, default: 0] < Self.maxVisits, isWaiting.insert(address).inserted else { return }
        visits[address, default: 0] += 1
        waiting.append(address)
    }

    mutating func next() -> RowAddress? {
        guard first < waiting.count else { return nil }
        let address = waiting[first]
        first += 1
        isWaiting.remove(address)
        if first > 1024, first > waiting.count / 2 {
            waiting.removeFirst(first)
            first = 0
        }
        return address
    }
}
