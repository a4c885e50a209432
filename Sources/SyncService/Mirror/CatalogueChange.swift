import Shapes
import SyncModel

/// What became of the published tables, and what that means for a shape.
///
/// Columns are told apart by their numbers. What a shape's log can say of a change, it goes on with:
///
/// | change | a shape that names it | one that has the table |
/// |---|---|---|
/// | column added | – | goes on; has it, where it selects all |
/// | column dropped | ends | goes on from where it stands |
/// | column renamed, or of another type | ends | ends, where it selects all |
/// | primary key, or the foreign keys of an include | ends | ends |
/// | table dropped, or no longer published | ends | ends |
///
/// Electric's clients know one list of columns for a shape: theirs end with any of these, and begin anew.
struct CatalogueChange {
    let old: DatabaseSchema
    let new: DatabaseSchema

    enum Verdict: Equatable {
        case goesOn(Shape)
        /// The snapshot and the log so far name columns that are no more.
        case goesOnFromHere(Shape)
        /// nil: the reader begins anew, unasked.
        case ends(Reason?)
    }

    init(from old: DatabaseSchema, to new: DatabaseSchema) {
        self.old = old
        self.new = new
    }

    var isNone: Bool { old == new }

    /// The tables whose rows have to be read again, and those that are no more. Sorted.
    var tables: [TableName] {
        let names = Set(old.tables.map(\.name)).union(new.tables.map(\.name))
        return names.filter { name in
            guard let before = old[name], let after = new[name] else { return true }
            return before.primaryKey != after.primaryKey || !Self.isSameLayout(before, after)
        }.sorted()
    }

    /// The tables that have lost a column. Sorted.
    var narrowed: [TableName] {
        old.tables.compactMap { before in
            new[before.name].flatMap { Self.isNarrower($0, than: before) ? before.name : nil }
        }
    }

    private static func isNarrower(_ new: TableSchema, than old: TableSchema) -> Bool {
        old.columns.contains { column in !new.columns.contains { $0.number == column.number } }
    }

    /// The same values stand in the same places.
    static func isSameLayout(_ old: TableSchema, _ new: TableSchema) -> Bool {
        old.columns.count == new.columns.count
            && zip(old.columns, new.columns).allSatisfy { before, after in
                before.number == after.number && before.name == after.name
                    && before.type.name == after.type.name && before.type.dimensions == after.type.dimensions
                    && before.type.modifier == after.type.modifier && keepsLabels(before.type, after.type)
            }
    }

    /// A label more changes no value.
    private static func keepsLabels(_ old: ColumnType, _ new: ColumnType) -> Bool {
        var rest = new.labels[...]
        for label in old.labels {
            guard let place = rest.firstIndex(of: label) else { return false }
            rest = rest[(place + 1)...]
        }
        return true
    }

    // MARK: - Shapes

    func verdict(on shape: Shape, isElectric: Bool, rules: ReadRules) -> Verdict {
        for name in shape.tablesRead where old[name] != new[name] {
            guard let before = old[name] else { continue }
            guard let after = new[name] else {
                return .ends(Self.reason("table \(name) was dropped, or is no longer published"))
            }
            if before.primaryKey != after.primaryKey || keyNumbers(before) != keyNumbers(after) {
                return .ends(Self.reason("the primary key of table \(name) changed"))
            }
            if let change = namedChange(of: before, to: after, in: shape) { return .ends(Self.reason(change)) }
        }
        let verdict = resolved(shape, rules)
        guard case .goesOn(let next) = verdict else { return verdict }
        let changed = shape.tables.compactMap { name in old[name].flatMap { old in new[name].map { (old, $0) } } }
            .filter { !Self.isSameLayout($0, $1) }
        if isElectric, !changed.isEmpty { return .ends(nil) }
        return changed.contains { Self.isNarrower($1, than: $0) } ? .goesOnFromHere(next) : .goesOn(next)
    }

    private static func reason(_ change: String) -> Reason {
        Reason(
            code: "schema_changed",
            message: "the database changed: \(change). Define the shape anew, as the tables are now")
    }

    private func keyNumbers(_ table: TableSchema) -> [Int] { table.keyIndexes.map { table.columns[$0].number } }

    /// The definition in the new catalogue, where it means what it meant.
    private func resolved(_ shape: Shape, _ rules: ReadRules) -> Verdict {
        let next: Shape
        do {
            let claims = try ReadGrant.claims(in: shape.grant.text)
            next = try Shape(
                resolving: shape.definition, in: new, access: ReadAccess(rules: rules, claims: claims))
        } catch let error as ShapeError {
            return .ends(Self.reason("the shape no longer fits: \(error.message)"))
        } catch {
            return .ends(Self.reason("who may read it cannot be told any more"))
        }
        guard next.grant == shape.grant else {
            return .ends(Self.reason("who may read it is decided otherwise now"))
        }
        let isSame =
            shape.nodes.count == next.nodes.count
            && zip(shape.nodes, next.nodes).allSatisfy { before, after in
                before.table == after.table && links(before, shape, old) == links(after, next, new)
            }
        guard isSame else { return .ends(Self.reason("the foreign keys that its includes follow changed")) }
        guard deciding(in: shape, old) == deciding(in: next, new) else {
            return .ends(Self.reason("a name in its conditions means another column now"))
        }
        return .goesOn(next)
    }

    /// The columns that rows join by, as numbers.
    private func links(_ node: Shape.Node, _ shape: Shape, _ schema: DatabaseSchema) -> [[Int]] {
        guard let parent = node.parent, let child = schema[node.table],
            let above = schema[shape.nodes[parent].table]
        else { return [] }
        return node.links.flatMap { link in
            [link.childColumns.map { child.columns[$0].number }, link.parentColumns.map { above.columns[$0].number }]
        }
    }

    // MARK: - Columns

    /// What happened to a column that the shape cannot do without, as a sentence; nil: nothing.
    private func namedChange(of old: TableSchema, to new: TableSchema, in shape: Shape) -> String? {
        var named = deciding(in: shape, self.old)[old.name] ?? []
        for node in shape.nodes where node.table == old.name && node.selected.count < old.columns.count {
            named.formUnion(node.selected.map { old.columns[$0].number })
        }
        let selection = Set(shape.selection(of: old.name).map { old.columns[$0].number })
        for column in old.columns {
            let isNamed = named.contains(column.number)
            guard isNamed || selection.contains(column.number) else { continue }
            let name = "\(old.name).\(column.name)"
            guard let now = new.columns.first(where: { $0.number == column.number }) else {
                if isNamed { return "column \(name) was dropped" }
                continue
            }
            if now.name != column.name { return "column \(name) was renamed to \(now.name)" }
            let isSameType = now.type.name == column.type.name && now.type.dimensions == column.type.dimensions
            if !isSameType || !Self.keepsLabels(column.type, now.type) {
                return "column \(name) has another type"
            }
        }
        return nil
    }

    /// The columns that decide about the content, by table, as numbers: those of keys, conditions, links and orders.
    private func deciding(in shape: Shape, _ schema: DatabaseSchema) -> [TableName: Set<Int>] {
        var named: [TableName: Set<Int>] = [:]
        func add(_ columns: [Int], _ table: TableName) {
            guard let table = schema[table] else { return }
            named[table.name, default: []].formUnion(columns.map { table.columns[$0].number })
        }
        func add(_ predicate: Predicate, _ table: TableName) {
            add(predicate.columnsUsed, table)
            for subselect in predicate.subselects {
                add(subselect.columnsUsed, subselect.table)
                for columns in subselect.probedColumnLists { add(columns, table) }
                if let condition = subselect.condition { add(condition, subselect.table) }
            }
        }
        for node in shape.nodes {
            if let predicate = node.predicate { add(predicate, node.table) }
            for link in node.links {
                add(link.childColumns, node.table)
                if let parent = node.parent { add(link.parentColumns, shape.nodes[parent].table) }
            }
            if let window = node.window { add(window.order.columns, node.table) }
            if let table = schema[node.table] { add(table.keyIndexes, node.table) }
        }
        return named
    }
}
