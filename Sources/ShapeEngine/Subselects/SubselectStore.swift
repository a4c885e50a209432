import Shapes
import SyncModel

/// The members of the sub-selects of all shapes that are kept live, each sub-select once however many shapes have
/// an equal one. What it holds are the values that decide, never rows.
package struct SubselectStore: Sendable {
    private struct Entry {
        var content: SubselectContent
        var users: Int
    }

    private var entries: [Subselect: Entry] = [:]
    /// Those inside others stand before them.
    private var order: [Subselect] = []

    package init() {}

    package var count: Int { order.count }

    /// The different members of all sub-selects together.
    package var memberCount: Int { entries.values.reduce(0) { $0 + $1.content.memberCount } }

    /// Reads the members of those that are new from `source`, the view as of which the store stands.
    package mutating func retain(_ predicate: Predicate, in source: some RowSource, schema: DatabaseSchema) throws {
        for subselect in predicate.subselects {
            if let condition = subselect.condition { try retain(condition, in: source, schema: schema) }
            if entries[subselect] != nil {
                entries[subselect]?.users += 1
                continue
            }
            entries[subselect] = Entry(content: try content(of: subselect, in: source), users: 1)
            order.append(subselect)
        }
    }

    package mutating func release(_ predicate: Predicate) {
        for subselect in predicate.subselects {
            if let condition = subselect.condition { release(condition) }
            guard let users = entries[subselect]?.users else { continue }
            entries[subselect]?.users = users - 1
            guard users == 1 else { continue }
            entries[subselect] = nil
            order.removeAll { $0 == subselect }
        }
    }

    private func content(of subselect: Subselect, in source: some RowSource) throws -> SubselectContent {
        var content = SubselectContent()
        let context = EvaluationContext(subselects: view(of: subselect.condition))
        func add(_ row: Row) {
            if case .member(let member) = subselect.member(of: row, in: context) { _ = content.add(member) }
        }
        let equalities = subselect.condition?.equalities ?? []
        if equalities.isEmpty {
            try source.forEach(of: subselect.table) { _, row in add(row) }
        } else {
            let found = try source.rows(
                of: subselect.table, where: equalities.map(\.column), equal: equalities.map { .text($0.value) })
            for item in found { add(item.row) }
        }
        return content
    }

    /// The sub-selects of a predicate as the store has them: the view before a transaction.
    package func view(of predicate: Predicate?) -> SubselectView {
        view(of: predicate, after: nil)
    }

    /// With a step, the view after its transaction.
    func view(of predicate: Predicate?, after step: SubselectStep?) -> SubselectView {
        var view = SubselectView()
        for subselect in predicate?.subselects ?? [] {
            // One that is not kept has no members; a shape's are kept before it is asked for.
            view.append(entries[subselect]?.content ?? SubselectContent(), step?.deltas[subselect])
        }
        return view
    }

    func content(_ subselect: Subselect) -> SubselectContent {
        entries[subselect]?.content ?? SubselectContent()
    }

    /// What a transaction does to the members, by looking only at the rows that it can reach.
    package func step(
        _ transaction: [RowChange], before: some RowSource, after: some RowSource, schema: DatabaseSchema
    ) throws -> SubselectStep {
        var step = SubselectStep()
        guard !order.isEmpty else { return step }
        var changed: [TableName: [RowChange]] = [:]
        for change in transaction { changed[change.table, default: []].append(change) }
        for subselect in order {
            let inner = subselect.condition?.subselects ?? []
            let isMoved = inner.contains { step.deltas[$0] != nil }
            guard isMoved || changed[subselect.table] != nil else { continue }
            var images = RowImages(changed[subselect.table] ?? [])
            if isMoved, let condition = subselect.condition {
                try images.add(
                    touching: condition, of: subselect.table, step: step, store: self, schema: schema,
                    before: before, after: after)
            }
            let delta = delta(of: subselect, images, step)
            if !delta.isEmpty { step.deltas[subselect] = delta }
        }
        return step
    }

    private func delta(of subselect: Subselect, _ images: RowImages, _ step: SubselectStep) -> SubselectDelta {
        var delta = SubselectDelta()
        let old = EvaluationContext(subselects: view(of: subselect.condition))
        let new = EvaluationContext(subselects: view(of: subselect.condition, after: step))
        for image in images.sorted {
            var was: SubselectMember?
            var isNow: SubselectMember?
            if let row = image.old, case .member(let member) = subselect.member(of: row, in: old) { was = member }
            if let row = image.new, case .member(let member) = subselect.member(of: row, in: new) { isNow = member }
            guard was != isNow else { continue }
            if let was { delta.remove(was) }
            if let isNow { delta.add(isNow) }
        }
        return delta
    }

    /// Call it once the transaction stands, and let go of the views first, which share storage with the store.
    package mutating func apply(_ step: SubselectStep) {
        for subselect in order {
            guard let delta = step.deltas[subselect], var content = entries[subselect]?.content else { continue }
            // Taken out, so that the content is changed in place and not copied.
            entries[subselect]?.content = SubselectContent()
            delta.apply(to: &content)
            entries[subselect]?.content = content
        }
    }
}

/// What one transaction does to the members of the sub-selects.
package struct SubselectStep: Sendable {
    fileprivate(set) var deltas: [Subselect: SubselectDelta] = [:]

    package init() {}

    package var isEmpty: Bool { deltas.isEmpty }

    /// In no order.
    var touched: [Subselect] { Array(deltas.keys) }

    package func touches(_ predicate: Predicate) -> Bool {
        predicate.subselects.contains { deltas[$0] != nil }
    }
}
