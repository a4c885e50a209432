import Shapes
import SyncModel

/// Notices when a read rule takes a permission: a row that stays may no longer be read, or what permitted rows goes.
///
/// Each rule is watched once for all shapes that are confined to it, and for all rows of its table: one that a shape
/// does not show any more may still stand in its log. What a transaction costs follows the rules whose columns or
/// sub-selects it changes. Rows that time alone moves come with the shapes (`ShapeMaintenance`).
struct RuleWatch: Sendable {
    private struct Rule: Hashable {
        let table: TableName
        let condition: Predicate
    }

    private struct Entry {
        let rule: Rule
        /// How many nodes of each shape.
        var shapes: [Int64: Int] = [:]
    }

    private var entries: [Int: Entry] = [:]
    private var numbers: [Rule: Int] = [:]
    private var nextNumber = 0
    /// By the columns that decide, and there by what the rules ask of the rows.
    private var byColumns: [TableName: [[Int]: ConditionIndex<Int>]] = [:]
    /// By the sub-selects of the rule itself, and those inside that a claim narrows down.
    private var bySubselect: [Subselect: Set<Int>] = [:]

    mutating func add(_ id: Int64, _ shape: Shape) {
        for rule in Self.rules(of: shape) {
            let number = numbers[rule] ?? watch(rule)
            entries[number]?.shapes[id, default: 0] += 1
        }
    }

    mutating func remove(_ id: Int64, _ shape: Shape) {
        for rule in Self.rules(of: shape) {
            guard let number = numbers[rule], let count = entries[number]?.shapes[id] else { continue }
            entries[number]?.shapes[id] = count == 1 ? nil : count - 1
            if entries[number]?.shapes.isEmpty == true { unwatch(rule, number) }
        }
    }

    private static func rules(of shape: Shape) -> [Rule] {
        shape.nodes.compactMap { node in node.rule.map { Rule(table: node.table, condition: $0) } }
    }

    private mutating func watch(_ rule: Rule) -> Int {
        let number = nextNumber
        nextNumber += 1
        numbers[rule] = number
        entries[number] = Entry(rule: rule)
        byColumns[rule.table, default: [:]][rule.condition.columnsUsed, default: ConditionIndex()]
            .add(number, rule.table, rule.condition)
        for subselect in Self.deciding(rule) { bySubselect[subselect, default: []].insert(number) }
        return number
    }

    private mutating func unwatch(_ rule: Rule, _ number: Int) {
        numbers[rule] = nil
        entries[number] = nil
        byColumns[rule.table]?[rule.condition.columnsUsed]?.remove(number, rule.table, rule.condition)
        if byColumns[rule.table]?[rule.condition.columnsUsed]?.isEmpty == true {
            byColumns[rule.table]?[rule.condition.columnsUsed] = nil
        }
        for subselect in Self.deciding(rule) {
            bySubselect[subselect]?.remove(number)
            if bySubselect[subselect]?.isEmpty == true { bySubselect[subselect] = nil }
        }
    }

    private static func deciding(_ rule: Rule) -> [Subselect] {
        rule.condition.subselects + rule.condition.personalSubselects
    }

    // MARK: - Noticing

    /// The shapes of which a rule takes a permission.
    func revoked(
        by step: EngineStep, before: some RowSource, after: some RowSource, _ work: inout ShapeWork
    ) throws -> Set<Int64> {
        guard !entries.isEmpty else { return [] }
        var ids: Set<Int64> = []
        for (number, keys) in try affected(step, before, after, &work) {
            guard let entry = entries[number] else { continue }
            let isRevoked =
                try step.subselects.revokes(entry.rule.condition, over: step.before.subselects)
                || takes(entry.rule, keys, step, before, after, &work)
            if isRevoked { ids.formUnion(entry.shapes.keys) }
        }
        return ids
    }

    /// Rules that may say something else of a row, with these rows.
    private func affected(
        _ step: EngineStep, _ before: some RowSource, _ after: some RowSource, _ work: inout ShapeWork
    ) throws -> [Int: Set<RowKey>] {
        var affected: [Int: Set<RowKey>] = [:]
        for change in step.changes {
            for (columns, rules) in byColumns[change.table] ?? [:] where change.moves(columns) {
                for number in rules.ids(touchedBy: change) { affected[number, default: []].insert(change.key) }
            }
        }
        var probes = SubselectProbes(step: step.subselects, store: step.before.subselects, schema: step.before.schema)
        for number in Set(step.subselects.touched.flatMap { bySubselect[$0] ?? [] }).sorted() {
            guard let rule = entries[number]?.rule else { continue }
            let keys = try probes.rows(touchedIn: rule.condition, of: rule.table, before: before, after: after)
            affected[number, default: []].formUnion(keys)
        }
        work += probes.work
        return affected
    }

    /// One of the rows stays, was permitted, and is not any more.
    private func takes(
        _ rule: Rule, _ keys: Set<RowKey>, _ step: EngineStep, _ before: some RowSource, _ after: some RowSource,
        _ work: inout ShapeWork
    ) throws -> Bool {
        let store = step.before.subselects
        let old = EvaluationContext(now: step.before.now, subselects: store.view(of: rule.condition))
        let new = EvaluationContext(
            now: step.now, subselects: store.view(of: rule.condition, after: step.subselects))
        for key in keys.sorted() {
            let change = step.changed[rule.table]?[key]
            work.rowsRead += 1
            let was = try change.map(\.old) ?? before.row(key, of: rule.table)
            guard let was, rule.condition.evaluate(was, in: old).isTrue else { continue }
            let target = change?.movedTo.flatMap { step.changed[rule.table]?[$0]?.new }
            guard let row = try target ?? change.map(\.new) ?? after.row(key, of: rule.table) else { continue }
            if !rule.condition.evaluate(row, in: new).isTrue { return true }
        }
        return false
    }
}

extension RowChange {
    /// One of the columns changes, or the key: under another one it may be anything.
    fileprivate func moves(_ columns: [Int]) -> Bool {
        guard let old else { return false }
        return movedTo != nil || new.map { new in columns.contains { old[$0] != new[$0] } } ?? false
    }
}
