import ShapeEngine
import Shapes
import SyncModel
import TableStore

/// A window of a held shape: of a node, and of the row that it is for.
struct WindowID: Hashable {
    let shape: Int64
    let node: Int
    /// nil for the root's one window.
    let group: RowKey?
}

/// A window as a person is to see it.
struct LocalWindow {
    let shown: Set<RowKey>
    /// Fewer rows than it takes rank before the end of what the service has told, and more may be beyond; or an own row
    /// cannot be ranked.
    let isShort: Bool
    /// Rows that are in the shape, or out of it, other than the ranks say; sorted.
    let misplaced: [RowKey]
}

/// The first of the rows that are held, with local changes, whichever shape they are held for.
///
/// The service's window, and the wider one that has the look-ahead rows, have every confirmed row up to their last
/// one, so up to there nothing is missing. What ranks beyond is shown where there is room, and the window counts as
/// short: the service may know of rows in between.
struct WindowRanking {
    private let transaction: ReplicaTransaction
    private let id: WindowID
    private let shape: ResolvedShape
    private let node: Shape.Node
    private let window: Shape.Window
    private let schema: TableSchema
    /// The row that the window is for.
    private let group: SyncedRow?
    private let isOfGroupUnknown: Bool
    /// The shapes by which the service has told rows of this window, and of how many it tells.
    private let sources: [Int64]
    private let told: Int
    /// In view, and taken by the condition.
    private var places: [RowOrder.Place] = []
    /// Of rows that the service says are in the shape, as confirmed.
    private var said: [RowOrder.Place] = []
    /// In view, and in the shape so far.
    private var members: Set<RowKey> = []
    private var isDecided = true
    /// An own row may rank among the first, and cannot be ranked yet.
    private var isInDoubt = false

    /// nil where the device cannot rank.
    init?(_ transaction: ReplicaTransaction, _ id: WindowID, _ shape: ResolvedShape) throws {
        guard shape.ranked.contains(id.node), let window = shape.nodes[id.node].window,
            let schema = transaction.memory.table(shape.nodes[id.node].table)
        else { return nil }
        self.transaction = transaction
        self.id = id
        self.shape = shape
        self.window = window
        self.schema = schema
        node = shape.nodes[id.node]
        let ahead = transaction.memory.ahead(of: id.shape)
        sources = [id.shape] + (ahead.map { [$0.number] } ?? [])
        told = window.limit + (ahead == nil ? 0 : ShapeDefinition.lookAhead(window.limit))
        guard let parent = node.parent, let key = id.group else {
            group = nil
            isOfGroupUnknown = false
            return
        }
        guard let table = transaction.memory.table(shape.nodes[parent].table) else { return nil }
        let address = RowAddress(table: table.name, key: key)
        let confirmed = try transaction.confirmedRow(address, table)
        group = try transaction.viewState(address, table)?.row ?? confirmed?.row
        // A row that only the device has has no other children; of one that only the device takes they are not known.
        let (sets, shapes) = (transaction.memory.sets, sources)
        isOfGroupUnknown =
            confirmed.map { row in !shapes.contains { sets.contains($0, in: row.members) } } ?? false
    }

    /// nil where a row that decides cannot be ranked: then what the service said stands.
    mutating func run() throws -> LocalWindow? {
        if node.parent != nil {
            guard let group else { return LocalWindow(shown: [], isShort: false, misplaced: []) }
            try look(in: node.links.map { ($0.childColumns, $0.parentColumns.map { group[$0] }) })
        } else if let list = node.predicate?.narrowestList {
            try look(in: list.values.map { ([list.column], [.text($0)]) })
        } else {
            try walk()
        }
        guard isDecided else { return nil }
        places.sort()
        said.sort()
        let shown = Set(places.prefix(window.limit).map(\.key))
        return LocalWindow(shown: shown, isShort: isShort, misplaced: shown.symmetricDifference(members).sorted())
    }

    private var isShort: Bool {
        if isOfGroupUnknown || isInDoubt { return true }
        guard said.count >= told else { return false }
        let end = said[told - 1]
        return places.count { $0 <= end } < window.limit
    }
}

// MARK: - Rows

extension WindowRanking {
    private mutating func look(in ways: [(columns: [Int], values: [Value])]) throws {
        var seen: Set<RowKey> = []
        for way in ways {
            for address in try transaction.addresses(of: schema, where: way.columns, equal: way.values)
            where seen.insert(address.key).inserted {
                try look(address)
            }
        }
    }

    /// The whole table in the window's order, as far as it decides.
    private mutating func walk() throws {
        try transaction.stores.confirmed.createIndex(on: [], by: window.order, of: schema, in: transaction.db)
        for address in try transaction.overlaidAddresses(of: [schema]) { try look(address) }
        let isOverlaid = transaction.memory.overlaid[schema.name] != nil
        var last: RowOrder.Place?
        while true {
            let size = told + 64
            let page = try transaction.stores.confirmed.rows(
                of: schema, OrderedRead(by: window.order, from: last, limit: size), in: transaction.db)
            for stored in page {
                last = window.order.place(of: stored.row, stored.key)
                let address = RowAddress(table: schema.name, key: stored.key)
                if isOverlaid, try transaction.overlayRow(address, schema) != nil { continue }
                let confirmed = ConfirmedRow(stored)
                look(address, confirmed, ReplicaTransaction.state(confirmed), confirmed)
            }
            guard page.count == size, let last, !isSettled(upTo: last) else { return }
        }
    }

    /// Rows beyond decide nothing any more.
    private mutating func isSettled(upTo end: RowOrder.Place) -> Bool {
        places.count { $0 <= end } >= window.limit && said.count { $0 <= end } >= told
    }

    private mutating func look(_ address: RowAddress) throws {
        let confirmed = try transaction.confirmedRow(address, schema)
        let state = try transaction.viewState(address, schema)
        look(address, confirmed, state, try confirmed ?? transaction.keptRow(address, schema))
    }

    private mutating func look(
        _ address: RowAddress, _ confirmed: ConfirmedRow?, _ state: ViewState?, _ base: ConfirmedRow?
    ) {
        let sets = transaction.memory.sets
        let wasSaid = base.map { row in sources.contains { sets.contains($0, in: row.members) } } ?? false
        if wasSaid, let confirmed, takes(confirmed.row, wasSaid: true) {
            said.append(window.order.place(of: confirmed.row, address.key))
        }
        guard let state else { return }
        if takes(state.row, wasSaid: wasSaid, isPending: state.isPending) {
            places.append(window.order.place(of: state.row, address.key))
        }
        if sets.contains(id.shape, in: state.members) { members.insert(address.key) }
    }

    private mutating func takes(_ row: SyncedRow, wasSaid: Bool, isPending: Bool = false) -> Bool {
        guard joins(row) else { return false }
        switch node.predicate?.evaluate(row) {
        case nil, .true?: break
        case .undecidable?:
            guard wasSaid else {
                if isPending { isInDoubt = true }
                return false
            }
        case .false?, .unknown?, .error?: return false
        }
        // What the database fills in is not known yet.
        guard window.order.columns.contains(where: { row[$0] == .absent }) else { return true }
        if wasSaid { isDecided = false } else if isPending { isInDoubt = true }
        return false
    }

    private func joins(_ row: SyncedRow) -> Bool {
        guard let group else { return true }
        return node.links.contains { link in
            zip(link.childColumns, link.parentColumns).allSatisfy { child, parent in
                row[child].text != nil && row[child] == group[parent]
            }
        }
    }
}

// MARK: - Which windows

extension ReplicaTransaction {
    /// MUST NOT be called before it is settled how rows look.
    func window(_ id: WindowID, in shape: ResolvedShape) throws -> LocalWindow? {
        if let known = rankings[id] { return known }
        var ranking = try WindowRanking(self, id, shape)
        let window = try ranking?.run()
        rankings.updateValue(window, forKey: id)
        return window
    }

    /// Windows that a row is ranked in, or would be, as it looks.
    func windows(with row: SyncedRow, of table: TableName) throws -> [WindowID] {
        var found: [WindowID] = []
        for record in memory.shapes where record.aheadOf == nil && record.isVisible && record.ended == nil {
            guard let shape = record.resolved else { continue }
            for node in shape.ranked where shape.nodes[node].table == table {
                for group in try groups(of: row, at: shape.nodes[node], shape) {
                    found.append(WindowID(shape: record.number, node: node, group: group))
                }
            }
        }
        return found
    }

    private func groups(of row: SyncedRow, at node: Shape.Node, _ shape: ResolvedShape) throws -> [RowKey?] {
        guard let parent = node.parent else { return [nil] }
        guard let schema = memory.table(shape.nodes[parent].table) else { return [] }
        var groups: [RowKey?] = []
        for link in node.links {
            let values = link.childColumns.map { row[$0] }
            for address in try addresses(of: schema, where: link.parentColumns, equal: values)
            where !groups.contains(address.key) { groups.append(address.key) }
        }
        return groups
    }

    /// Windows that a row of a shape has for itself.
    func windows(for address: RowAddress, members: Int64) -> [WindowID] {
        var found: [WindowID] = []
        for record in memory.shapes where record.aheadOf == nil && record.isVisible && record.ended == nil {
            guard let shape = record.resolved, memory.sets.contains(record.number, in: members) else { continue }
            for node in shape.ranked {
                guard let parent = shape.nodes[node].parent, shape.nodes[parent].table == address.table else {
                    continue
                }
                found.append(WindowID(shape: record.number, node: node, group: address.key))
            }
        }
        return found
    }

    /// Ranks the rows of a window anew, and notes whether it is short. Returns the rows that are to be looked at.
    func rank(_ id: WindowID) throws -> [RowAddress] {
        guard let index = memory.index(of: id.shape), let shape = memory.shapes[index].resolved else { return [] }
        let window = try window(id, in: shape)
        if window?.isShort == true {
            memory.shapes[index].shortWindows.insert(id)
        } else {
            memory.shapes[index].shortWindows.remove(id)
        }
        let table = shape.nodes[id.node].table
        return (window?.misplaced ?? []).map { RowAddress(table: table, key: $0) }
    }

    /// Windows of rows that are not in the shape any more are no windows.
    func forgetWindowsOfDeparted() throws {
        for index in memory.shapes.indices where !memory.shapes[index].shortWindows.isEmpty {
            let record = memory.shapes[index]
            guard let shape = record.resolved else { continue }
            memory.shapes[index].shortWindows = try record.shortWindows.filter { id in
                guard let group = id.group, let parent = shape.nodes[id.node].parent,
                    let schema = memory.table(shape.nodes[parent].table)
                else { return id.group == nil }
                let state = try viewState(RowAddress(table: schema.name, key: group), schema)
                return state.map { memory.sets.contains(record.number, in: $0.members) } ?? false
            }
        }
    }

    /// Which windows are short is not stored: it is found from the rows that look different locally.
    func findShortWindows() throws {
        rankings = [:]
        defer { rankings = [:] }
        for schema in memory.schema?.tables ?? [] where memory.overlaid[schema.name] != nil {
            for address in try overlaidAddresses(of: [schema]) {
                let overlay = try overlayRow(address, schema)
                let rows = [overlay?.row, try confirmedRow(address, schema)?.row].compactMap(\.self)
                var windows = try rows.flatMap { try self.windows(with: $0, of: schema.name) }
                if let overlay, !overlay.isHidden { windows += self.windows(for: address, members: overlay.members) }
                for id in windows where rankings[id] == nil { _ = try rank(id) }
            }
        }
        try forgetWindowsOfDeparted()
    }
}
