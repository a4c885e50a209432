import SyncModel

/// Which operations build on which: a later one on the same row, or on a row that it refers to.
extension ReplicaTransaction {
    /// Operations for sending, in queue order: what builds on an operation that waits for a person is parked too,
    /// everything else goes on. Groups are taken whole.
    func pick(limit: Int) throws -> [OperationRecord] {
        var picked: [OperationRecord] = []
        var blocked = try blockers()
        var passed: Set<String> = []
        var position: Int64 = 0
        while picked.count < limit {
            let page = try OperationTable.records(in: .queued, after: position, limit: limit, db)
            guard let last = page.last else { break }
            position = last.position
            for record in page {
                var unit = [record]
                if let group = record.operation.group {
                    guard passed.insert(group).inserted else { continue }
                    unit = try OperationTable.records(group: group, in: db)
                }
                let blocker = unit.lazy.compactMap { blocked.blocker(of: $0, in: self) }.first
                if let blocker = blocker ?? unit.first(where: { $0.state == .parked })?.operation.id {
                    try park(unit, behind: blocker, &blocked)
                    continue
                }
                if unit.contains(where: { $0.state != .queued }) {
                    for record in unit { blocked.add(record, in: self) }
                    continue
                }
                for record in unit { blocked.pass(record, in: self) }
                if !picked.isEmpty && picked.count + unit.count > limit { return picked }
                picked += unit
                if picked.count >= limit { break }
            }
        }
        return picked
    }

    /// What waits for a person, but for `others`.
    func blockers(without others: Set<OperationID> = []) throws -> Blockers {
        var blocked = Blockers()
        for state in [OperationState.parked, .held] where memory.counts[state, default: 0] > 0 {
            for record in try OperationTable.records(in: state, db)
            where blocks(record) && !others.contains(record.operation.id) {
                if try record.verdict != nil && isThere(record) { continue }
                blocked.add(record, in: self)
            }
        }
        return blocked
    }

    /// The row of a refused insert is there all the same: others made it, or the same person did, with a later one.
    private func isThere(_ refused: OperationRecord) throws -> Bool {
        guard let address = address(refused.operation), let schema = memory.table(address.table) else { return false }
        if try confirmedRow(address, schema) != nil { return true }
        return try applied(to: address).contains {
            $0.position > refused.position && $0.state != .parked && $0.operation.action.makesRow
        }
    }

    private func park(_ unit: [OperationRecord], behind blocker: OperationID, _ blocked: inout Blockers) throws {
        for record in unit {
            blocked.add(record, in: self)
            guard record.state == .queued else { continue }
            try set(record, .parked, isApplied: true) { $0.reason = Self.builds(on: blocker) }
        }
    }

    private static func builds(on blocker: OperationID) -> Reason {
        Reason(
            code: dependency,
            message: "It builds on operation \(blocker), which is parked: try that one again, or cancel both")
    }

    /// A refused update changes nothing for later operations; a refused insert leaves them without their row.
    private func blocks(_ record: OperationRecord) -> Bool {
        switch record.operation.action {
        case .insert, .upsert: true
        case .update, .delete: record.verdict == nil
        }
    }

    /// Parks what is queued behind a refused operation and builds on it, groups as a whole.
    func parkDependents(of refused: OperationRecord) throws {
        guard blocks(refused) else { return }
        var blocked = Blockers()
        blocked.add(refused, in: self)
        var parked: Set<OperationID> = []
        for record in try OperationTable.records(in: .queued, after: refused.position, db)
        where !parked.contains(record.operation.id) {
            guard let blocker = blocked.blocker(of: record, in: self) else {
                blocked.pass(record, in: self)
                continue
            }
            let group = try record.operation.group.map { try OperationTable.records(group: $0, in: db) } ?? [record]
            parked.formUnion(group.map(\.operation.id))
            try park(group, behind: blocker, &blocked)
        }
    }

    /// Why an operation is parked that builds on another one.
    static let dependency = "dependency"

    /// What stands behind these in the queue, in one of the states, and would lose its row with them; groups whole.
    func dependents(
        of unit: [OperationRecord], in states: [OperationState]
    ) throws -> [OperationRecord] {
        var blocked = Blockers()
        for record in unit where makesOrTakesRow(record) { blocked.add(record, in: self) }
        var found: [OperationRecord] = []
        var known = Set(unit.map(\.operation.id))
        for record in try OperationTable.records(
            states: states, after: unit.first?.position ?? 0, limit: .max, in: db)
        where !known.contains(record.operation.id) {
            guard blocked.blocker(of: record, in: self) != nil else {
                blocked.pass(record, in: self)
                continue
            }
            let group = try record.operation.group.map { try OperationTable.records(group: $0, in: db) } ?? [record]
            for member in group where known.insert(member.operation.id).inserted {
                if makesOrTakesRow(member) { blocked.add(member, in: self) }
                found.append(member)
            }
        }
        return found
    }

    /// Later operations on the row are there for its sake: an update stands beside them.
    private func makesOrTakesRow(_ record: OperationRecord) -> Bool {
        switch record.operation.action {
        case .insert, .upsert, .delete: true
        case .update: false
        }
    }

    /// The rows that an operation's values refer to.
    func references(of operation: Operation) -> [RowAddress] {
        guard let schema = memory.table(operation.table) else { return [] }
        return schema.foreignKeys.compactMap { key in
            guard memory.table(key.references)?.primaryKey == key.referencedColumns else { return nil }
            let values = key.columns.map { column in
                operation.set[column] ?? operation.key[column].map { .text($0) } ?? .null
            }
            guard values.allSatisfy({ $0.text != nil }) else { return nil }
            return RowAddress(table: key.references, key: RowKey(values: values))
        }
    }
}
