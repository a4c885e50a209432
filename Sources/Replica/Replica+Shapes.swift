import TableStore
import Shapes
import SyncModel

extension Replica {
    /// Holds a shape from now on; the one that is held already where the definition is the same. One that had
    /// ended is asked for again.
    ///
    /// - Parameters:
    ///   - time: the wall clock, in microseconds since 1970; nil where nobody asks how long it took.
    ///   - inUse: ids of shapes that somebody looks at, or waits for. Where there is no room, the least recently used
    ///     of the others goes, if nobody misses it. nil: none goes.
    package func hold(
        _ definition: ShapeDefinition, at time: Int64? = nil, inUse: (() -> Set<String>)? = nil
    ) throws(ReplicaError) -> (shape: HeldShape, effects: Effects) {
        let (shape, effects) = try change(.normal) { transaction in
            let shape = try transaction.hold(definition, at: time, inUse: inUse)
            try transaction.keepApartFromViews(shape)
            return shape
        }
        return (shape, effects)
    }

    /// Lets go of a shape and of the rows that no other one has.
    package func forget(shape id: String) throws(ReplicaError) -> Effects {
        try change(.normal) { try $0.forget(id) }.effects
    }

    /// Notes when shapes first came into view, for those of which it is not noted yet.
    ///
    /// - Parameter time: the wall clock, in microseconds since 1970.
    package func noteInView(at time: Int64) throws(ReplicaError) {
        let isDue = { (record: HeldRecord) in record.isVisible && record.heldAt != nil && record.inViewAt == nil }
        guard memory.shapes.contains(where: isDue) else { return }
        _ = try change(.normal) { transaction in
            for index in transaction.memory.shapes.indices where isDue(transaction.memory.shapes[index]) {
                transaction.memory.shapes[index].inViewAt = time
                try transaction.save(index)
            }
        }
    }

    /// What is wrong with a definition, as far as the schema tells; nil: nothing.
    package func advice(on definition: ShapeDefinition) -> String? {
        guard let schema = memory.schema else { return nil }
        do {
            _ = try ResolvedShape(definition, in: schema)
            return nil
        } catch {
            return ShapeAdvice(schema: schema, definition: definition).message(error)
        }
    }

    package func heldShape(_ id: String) -> HeldShape? {
        memory.shapes.first { $0.id == id && $0.aheadOf == nil }?.held
    }

    /// The connection is gone: shapes in view are stale until the next whole answer.
    package func markStale() throws(ReplicaError) -> Effects {
        guard memory.shapes.contains(where: \.isFresh) else { return Effects(sequence: memory.sequence) }
        return try change(.normal) { transaction in
            for index in transaction.memory.shapes.indices { transaction.memory.shapes[index].isFresh = false }
        }.effects
    }

    /// One whole answer of the sync stream: everything in it in one transaction.
    ///
    /// - Returns: what each source transaction changed, in their order; the last effects, maybe empty, also tell of
    ///   what the answer as a whole brought about (confirmed operations, shapes that came into view). Where more rows
    ///   changed than one event may carry, the last ones tell everything.
    /// - Parameter next: what its rows are of, where that is not held yet: taken over in the same transaction.
    package func apply(
        _ batch: SyncBatch, adopting next: (schema: DatabaseSchema, dataModel: String?)? = nil
    ) throws(ReplicaError) -> [Effects] {
        let confirms = batch.frontier.confirmedSeq > memory.confirmedSeq
        let (steps, last) = try change(confirms ? .full : .normal) { transaction in
            if let next { try transaction.adopt(next.schema, dataModel: next.dataModel) }
            try transaction.apply(batch)
            return transaction.finishedSteps
        }
        return steps + [last]
    }

    /// Snapshot messages that came before an answer was cut off, or that are stored while it still arrives.
    /// Whatever else the part says is left to `apply`.
    @discardableResult
    package func store(_ part: ShapeBatch) throws(ReplicaError) -> Effects {
        try change(.normal) { try $0.store(part) }.effects
    }

    /// Rows in view have other columns in this schema: what they have in them comes with the stream.
    package func awaitsRows(of schema: DatabaseSchema) -> Bool {
        guard let held = memory.schema, memory.shapes.contains(where: \.isVisible) else { return false }
        return held.tables.contains { table in schema[table.name].map { $0.columns != table.columns } ?? false }
    }

    /// Takes the service's schema. Shapes go on where columns of their tables were added or dropped; with other changes
    /// they begin anew, and show nothing until they are whole. So do those that had ended because of another schema,
    /// where this one has what they name.
    package func adopt(schema: DatabaseSchema, dataModel: String?) throws(ReplicaError) -> Effects {
        if schema == memory.schema && dataModel == memory.dataModel { return Effects(sequence: memory.sequence) }
        return try change(.normal) { try $0.adopt(schema, dataModel: dataModel) }.effects
    }
}

extension ReplicaTransaction {
    func hold(
        _ definition: ShapeDefinition, at time: Int64?, inUse: (() -> Set<String>)? = nil
    ) throws -> HeldShape {
        if let index = memory.shapes.firstIndex(where: { $0.definition == definition && $0.aheadOf == nil }) {
            memory.recency.use(memory.shapes[index].number)
            if memory.shapes[index].ended != nil {
                memory.shapes[index].ended = nil
                try restart(index)
                try lookAhead()
            }
            return memory.shapes[index].held
        }
        let excess = memory.asked.count + 1 - limits.maxShapes
        if excess > 0, let inUse { _ = try forgetUnused(upTo: excess, inUse: inUse()) }
        guard memory.asked.count < limits.maxShapes else {
            throw ReplicaError(
                .tooLarge,
                "This device holds \(limits.maxShapes) shapes, the limit (max_shapes_per_client), and all of them are in "
                    + "use: end a subscription, leave views with view/leave and forget, or let go of one with "
                    + "shape/forget")
        }
        var resolved: ResolvedShape?
        if let schema = memory.schema {
            do {
                resolved = try ResolvedShape(definition, in: schema)
            } catch {
                throw ReplicaError(.invalidShape, ShapeAdvice(schema: schema, definition: definition).message(error))
            }
        }
        var record = try ShapeTable.insert(definition, at: time, in: db)
        record.resolved = resolved
        memory.shapes.append(record)
        memory.recency.use(record.number)
        try storeRecency()
        try lookAhead()
        return record.held
    }

    func forget(_ id: String) throws {
        guard let record = memory.shapes.first(where: { $0.id == id }), record.aheadOf == nil else {
            throw ReplicaError(.unknownShape, "There is no shape \(id): it was forgotten, or never held")
        }
        try remove(record.number)
        try forgetInViews(record.number)
        memory.recency.forget(record.number)
        try storeRecency()
        try lookAhead()
    }

    /// With the rows that no other shape has.
    func remove(_ number: Int64) throws {
        guard let index = memory.index(of: number) else { return }
        try dropLoaded(index)
        try clear(index)
        memory.shapes.remove(at: index)
        try ShapeTable.delete(number, in: db)
    }

    private func storeRecency() throws {
        try StateName.recency.set(memory.recency.text, in: db)
    }
}
