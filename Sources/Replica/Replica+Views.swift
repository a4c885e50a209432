import Shapes
import SyncModel

extension Replica {
    /// The view that was entered last, by anybody; nil once it was left.
    package var enteredView: EnteredView? { memory.views.entered }

    /// In the order in which the service is to be asked for them: those of the view that was entered last come first,
    /// and last those of look-ahead rows, which `heldShapes` does not name.
    package var shapesByUrgency: [HeldShape] {
        let shapes = memory.shapes.enumerated().sorted { left, right in
            urgency(left) < urgency(right)
        }
        return shapes.map(\.element.held)
    }

    private func urgency(_ shape: (offset: Int, element: HeldRecord)) -> (Int, Int, Int) {
        let number = shape.element.aheadOf ?? shape.element.number
        return (shape.element.aheadOf == nil ? 0 : 1, memory.views.rank(of: number), shape.offset)
    }

    /// Holds the shapes of a view. What stays common with what is held goes on as it is.
    ///
    /// Shapes of views that were left stay, so that they can be entered again without a connection. The least recent of
    /// them go when there are more than `maxLeftShapes`, or no room for new ones.
    ///
    /// - Parameters:
    ///   - inUse: ids of shapes that somebody looks at, which stay in any case.
    ///   - time: the wall clock, as for `hold`.
    /// - Returns: the shapes, in the order of the definitions.
    package func enter(
        _ view: EnteredView, _ definitions: [ShapeDefinition], inUse: Set<String>, at time: Int64? = nil
    ) throws(ReplicaError) -> (shapes: [HeldShape], effects: Effects) {
        let (shapes, effects) = try change(.normal) { try $0.enter(view, definitions, inUse: inUse, at: time) }
        return (shapes, effects)
    }

    /// - Parameter forget: its shapes go, those that nobody looks at and that were held for views alone.
    /// - Returns: the shapes that went.
    package func leaveView(
        forget: Bool, inUse: Set<String>
    ) throws(ReplicaError) -> (shapes: [String], effects: Effects) {
        guard memory.views.entered != nil || forget else { return ([], Effects(sequence: memory.sequence)) }
        let (shapes, effects) = try change(.normal) { transaction in
            transaction.memory.views.entered = nil
            let forgotten = forget ? try transaction.forgetLeft(keeping: 0, inUse: inUse) : []
            try transaction.storeViews()
            return forgotten
        }
        return (shapes, effects)
    }
}

extension ReplicaTransaction {
    func enter(
        _ view: EnteredView, _ definitions: [ShapeDefinition], inUse: Set<String>, at time: Int64?
    ) throws -> [HeldShape] {
        let old = memory.views.entries
        let known = memory.asked.filter { definitions.contains($0.definition) }.map(\.number)
        let inUse = inUse.union(known.map(HeldRecord.id))
        let missing = memory.asked.count + definitions.count - known.count - limits.maxShapes
        if missing > 0 { try forgetLeft(keeping: max(leftShapes(inUse: inUse).count - missing, 0), inUse: inUse) }
        var entries: [ViewMemory.Entry] = []
        var shapes: [HeldShape] = []
        for definition in definitions {
            let shape = try hold(definition, at: time) { inUse.union(shapes.map(\.id)) }
            shapes.append(shape)
            guard let record = memory.shapes.first(where: { $0.id == shape.id }) else { continue }
            let entry = old.first { $0.shape == record.number }
            entries.append(
                entry ?? ViewMemory.Entry(shape: record.number, isOnlyForViews: !known.contains(record.number)))
        }
        let entered = Set(entries.map(\.shape))
        memory.views.entered = view
        memory.views.entries = entries + memory.views.entries.filter { !entered.contains($0.shape) }
        try forgetLeft(keeping: limits.maxLeftShapes, inUse: inUse.union(shapes.map(\.id)))
        try storeViews()
        return shapes
    }

    /// Shapes that views alone brought and nobody looks at, the most recent first.
    private func leftShapes(inUse: Set<String>) -> [Int64] {
        memory.views.entries.filter { $0.isOnlyForViews && !inUse.contains(HeldRecord.id($0.shape)) }.map(\.shape)
    }

    /// Those that went, the most recent first.
    @discardableResult
    func forgetLeft(keeping count: Int, inUse: Set<String>) throws -> [String] {
        let shapes = leftShapes(inUse: inUse).dropFirst(count).map(HeldRecord.id)
        for shape in shapes { try forget(shape) }
        return shapes
    }

    /// Somebody asked for the shape by itself: it is kept whatever becomes of the view.
    func keepApartFromViews(_ shape: HeldShape) throws {
        guard let index = memory.views.entries.firstIndex(where: { HeldRecord.id($0.shape) == shape.id }),
            memory.views.entries[index].isOnlyForViews
        else { return }
        memory.views.entries[index].isOnlyForViews = false
        try storeViews()
    }

    func forgetInViews(_ number: Int64) throws {
        guard memory.views.entries.contains(where: { $0.shape == number }) else { return }
        memory.views.entries.removeAll { $0.shape == number }
        try storeViews()
    }

    func storeViews() throws {
        try StateName.views.set(memory.views.text, in: db)
    }
}
