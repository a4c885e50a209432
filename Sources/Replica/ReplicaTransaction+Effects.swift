import SyncModel

extension ReplicaTransaction {
    /// The differences of every shape's view, and the new row counts.
    func shapeEffects() throws -> [ShapeEffect] {
        if journal.isCollapsed { return try resetEffects(of: memory.shapes.indices) }
        var changes: [Int64: [ViewChange]] = [:]
        for address in journal.before.keys.sorted() {
            guard let schema = memory.table(address.table), let before = journal.before[address] else { continue }
            let after = try viewState(address, schema)
            if before == after { continue }
            for number in shapes(of: before, and: after) {
                guard let index = memory.index(of: number), memory.shapes[index].aheadOf == nil,
                    let columns = memory.shapes[index].resolved?.selection(of: address.table)
                else { continue }
                let old = member(before, of: number)
                let new = member(after, of: number)
                let list = Self.changes(address, schema, columns, from: old, to: new)
                changes[number, default: []] += list
                memory.shapes[index].rowCount += (new == nil ? 0 : 1) - (old == nil ? 0 : 1)
            }
        }
        return try effects(of: changes)
    }

    private func effects(of changes: [Int64: [ViewChange]]) throws -> [ShapeEffect] {
        var effects: [ShapeEffect] = []
        for index in memory.shapes.indices where memory.shapes[index].aheadOf == nil {
            let record = memory.shapes[index]
            if journal.resetShapes.contains(record.number) {
                effects += try resetEffects(of: index..<index + 1)
                continue
            }
            let changes = changes[record.number] ?? []
            if changes.isEmpty && record.isShort == toldShort.contains(record.number) { continue }
            noteTold(record)
            effects.append(ShapeEffect(shape: record.id, isComplete: !record.isShort, changes: changes))
        }
        return effects
    }

    private func noteTold(_ record: HeldRecord) {
        if record.isShort { toldShort.insert(record.number) } else { toldShort.remove(record.number) }
    }

    private func resetEffects(of indexes: Range<Int>) throws -> [ShapeEffect] {
        var effects: [ShapeEffect] = []
        for index in indexes where memory.shapes[index].isVisible || memory.shapes[index].rowCount > 0 {
            if memory.shapes[index].aheadOf != nil { continue }
            memory.shapes[index].rowCount = try countRows(of: memory.shapes[index])
            let record = memory.shapes[index]
            noteTold(record)
            effects.append(
                ShapeEffect(shape: record.id, isReset: true, isComplete: !record.isShort, changes: []))
        }
        return effects
    }

    private func shapes(of before: ViewState?, and after: ViewState?) -> [Int64] {
        let old = memory.sets.shapes(of: before?.members ?? 0)
        let new = memory.sets.shapes(of: after?.members ?? 0)
        return old == new ? old : old + new.filter { !old.contains($0) }
    }

    private func member(_ state: ViewState?, of shape: Int64) -> ViewState? {
        state.flatMap { memory.sets.contains(shape, in: $0.members) ? $0 : nil }
    }

    /// The fields of a row that a shape shows.
    static func fields(_ row: SyncedRow, _ schema: TableSchema, _ columns: [Int]) -> [ShapeMessage.Field] {
        columns.compactMap { column in
            row[column] == .absent ? nil : ShapeMessage.Field(schema.columns[column].name, row[column])
        }
    }

    private static func changes(
        _ address: RowAddress, _ schema: TableSchema, _ columns: [Int], from old: ViewState?, to new: ViewState?
    ) -> [ViewChange] {
        func change(_ kind: ShapeMessage.Kind, _ fields: [ShapeMessage.Field], _ isPending: Bool) -> ViewChange {
            ViewChange(kind: kind, table: address.table, key: address.key, fields: fields, isPending: isPending)
        }
        switch (old, new) {
        case (nil, nil): return []
        case (nil, let new?): return [change(.insert, fields(new.row, schema, columns), new.isPending)]
        case (.some, nil): return [change(.delete, [], false)]
        case (let old?, let new?):
            let changed = columns.filter { old.row[$0] != new.row[$0] }
            if changed.contains(where: { new.row[$0] == .absent }) {
                // A change cannot take a column away: the row goes, and comes again without it.
                let fields = fields(new.row, schema, columns)
                return [change(.delete, [], false), change(.insert, fields, new.isPending)]
            }
            if changed.isEmpty && old.isPending == new.isPending { return [] }
            return [change(.update, fields(new.row, schema, changed), new.isPending)]
        }
    }
}
