import Shapes
import SyncModel

/// The members of the sub-selects of all shapes that are kept live, each sub-select once however many shapes have
/// an equal one. What it holds are the values that decide, never rows.
package struct SubselectStore: Sendable {
    private struct Entry {
        let subselect: Subselect
        var content: SubselectContent
        var users = 1
        /// How many stand inside each other below it: those of a lower level are worked out first.
        let level: Int
        /// Those whose conditions it stands in.
        var dependents: Set<Int> = []
    }

    private var entries: [Int: Entry] = [:]
    private var numbers: [Subselect: Int] = [:]
    private var nextNumber = 0
    private var index = ConditionIndex<Int>()

    package init() {}

    /// Reads the members of those that are new from `source`, the view as of which the store stands. With an error,
    /// nothing is changed.
    package mutating func retain(_ predicate: Predicate, in source: some RowSource, schema: DatabaseSchema) throws {
        for (place, subselect) in predicate.subselects.enumerated() {
            do {
                try retain(subselect, in: source, schema: schema)
            } catch {
                for other in predicate.subselects[..<place] { release(other) }
                throw error
            }
        }
    }

    private mutating func retain(_ subselect: Subselect, in source: some RowSource, schema: DatabaseSchema) throws {
        if let condition = subselect.condition { try retain(condition, in: source, schema: schema) }
        if let number = numbers[subselect] {
            entries[number]?.users += 1
            return
        }
        do {
            add(subselect, try content(of: subselect, in: source))
        } catch {
            if let condition = subselect.condition { release(condition) }
            throw error
        }
    }

    private mutating func add(_ subselect: Subselect, _ content: SubselectContent) {
        let number = nextNumber
        nextNumber += 1
        let inner = (subselect.condition?.subselects ?? []).compactMap { numbers[$0] }
        let level = inner.compactMap { entries[$0]?.level }.max().map { $0 + 1 } ?? 0
        for other in inner { entries[other]?.dependents.insert(number) }
        numbers[subselect] = number
        entries[number] = Entry(subselect: subselect, content: content, level: level)
        index.add(number, subselect.table, subselect.condition)
    }

    mutating func release(_ predicate: Predicate) {
        for subselect in predicate.subselects { release(subselect) }
    }

    private mutating func release(_ subselect: Subselect) {
        if let number = numbers[subselect], let users = entries[number]?.users {
            entries[number]?.users = users - 1
            if users == 1 { remove(subselect, number) }
        }
        if let condition = subselect.condition { release(condition) }
    }

    private mutating func remove(_ subselect: Subselect, _ number: Int) {
        for other in (subselect.condition?.subselects ?? []).compactMap({ numbers[$0] }) {
            entries[other]?.dependents.remove(number)
        }
        numbers[subselect] = nil
        entries[number] = nil
        index.remove(number, subselect.table, subselect.condition)
    }

    private func content(of subselect: Subselect, in source: some RowSource) throws -> SubselectContent {
        var content = SubselectContent()
        var work = ShapeWork()
        let context = EvaluationContext(subselects: view(of: subselect.condition))
        try source.forEachCandidate(of: subselect.table, subselect.condition, &work) { _, row in
            if case .member(let member) = subselect.member(of: row, in: context) { _ = content.add(member) }
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
        for subselect in predicate?.subselects ?? [] { view.append(content(subselect), step?.deltas[subselect]) }
        return view
    }

    /// One that is not kept has no members; a shape's are kept before it is asked for.
    func content(_ subselect: Subselect) -> SubselectContent {
        numbers[subselect].flatMap { entries[$0]?.content } ?? SubselectContent()
    }

    /// What a transaction does to the members, by looking only at the rows, and the sub-selects, that it can reach.
    func step(
        _ transaction: [RowChange], before: some RowSource, after: some RowSource, schema: DatabaseSchema
    ) throws -> SubselectStep {
        var step = SubselectStep()
        guard !entries.isEmpty else { return step }
        var changes: [Int: [RowChange]] = [:]
        for change in transaction {
            for number in index.ids(touchedBy: change) { changes[number, default: []].append(change) }
        }
        var levels: [Int: Set<Int>] = [:]
        for number in changes.keys { levels[entries[number]?.level ?? 0, default: []].insert(number) }
        var moved: Set<Int> = []
        while let level = levels.keys.min(), let numbers = levels.removeValue(forKey: level) {
            for number in numbers.sorted() {
                guard let entry = entries[number] else { continue }
                var images = RowImages(changes[number] ?? [])
                if moved.contains(number), let condition = entry.subselect.condition {
                    try images.add(
                        touching: condition, of: entry.subselect.table, step: step, store: self, schema: schema,
                        before: before, after: after)
                }
                let delta = delta(of: entry.subselect, images, step)
                guard !delta.isEmpty else { continue }
                step.deltas[entry.subselect] = delta
                moved.formUnion(entry.dependents)
                for other in entry.dependents { levels[entries[other]?.level ?? 0, default: []].insert(other) }
            }
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
    mutating func apply(_ step: SubselectStep) {
        for (subselect, delta) in step.deltas {
            guard let number = numbers[subselect], var content = entries[number]?.content else { continue }
            // Taken out, so that the content is changed in place and not copied.
            entries[number]?.content = SubselectContent()
            delta.apply(to: &content)
            entries[number]?.content = content
        }
    }
}

/// What one transaction does to the members of the sub-selects.
package struct SubselectStep: Sendable {
    fileprivate(set) var deltas: [Subselect: SubselectDelta] = [:]

    /// In no order.
    var touched: [Subselect] { Array(deltas.keys) }

    /// A member went that stood for a permission of the person who asks, or one came that stands against it.
    func revokes(_ rule: Predicate, over store: SubselectStore) -> Bool { revokes(rule, store, isMonotone: true) }

    private func revokes(_ predicate: Predicate, _ store: SubselectStore, isMonotone: Bool) -> Bool {
        let monotone = predicate.monotoneSubselects
        for (place, subselect) in predicate.subselects.enumerated() {
            let permits = isMonotone && monotone.contains(place)
            if let delta = deltas[subselect] {
                let isTaken = delta.crossings(over: store.content(subselect)).contains { crossing in
                    (crossing.isRemoval || !permits)
                        && (subselect.isPersonal
                            || predicate.asks(for: crossing.member, at: place, isMonotone: permits))
                }
                if isTaken { return true }
            }
            if let inner = subselect.condition, revokes(inner, store, isMonotone: permits) { return true }
        }
        return false
    }
}
