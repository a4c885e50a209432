import GRDB
import SyncModel

/// Shapes that may go without anybody missing them: nobody looks at them, no view brought them, and no operation that
/// is not confirmed is on a row that they alone have.
extension Replica {
    /// Lets go of all of them.
    ///
    /// - Parameter inUse: ids of shapes that somebody looks at, or waits for.
    /// - Returns: the ids, the least recently used first.
    package func forgetUnused(inUse: Set<String>) throws(ReplicaError) -> (shapes: [String], effects: Effects) {
        let (shapes, effects) = try change(.normal) { transaction in
            try transaction.forgetUnused(upTo: .max, inUse: inUse)
        }
        return (shapes, effects)
    }

    /// Somebody looked at it until now. Told to the file with the next shape that comes or goes.
    package func noteUse(ofShape id: String) {
        guard let record = memory.shapes.first(where: { $0.id == id }) else { return }
        memory.recency.use(record.number)
    }
}

extension ReplicaTransaction {
    /// The least recently used first.
    func forgetUnused(upTo count: Int, inUse: Set<String>) throws -> [String] {
        let ofViews = Set(memory.views.entries.map(\.shape))
        let candidates = memory.asked.filter { !inUse.contains($0.id) && !ofViews.contains($0.number) }
        if candidates.isEmpty { return [] }
        // The shapes that each row with operations is in; as shapes go, fewer.
        var keepers = try keepersOfOwnRows()
        var gone: [String] = []
        for number in memory.recency.sorted(candidates.map(\.number)) where gone.count < count {
            if keepers.contains([number]) { continue }
            try forget(HeldRecord.id(number))
            gone.append(HeldRecord.id(number))
            keepers = Set(keepers.map { $0.subtracting([number]) })
        }
        return gone
    }

    private func keepersOfOwnRows() throws -> Set<Set<Int64>> {
        guard memory.unconfirmed > 0 else { return [] }
        var keepers: Set<Set<Int64>> = []
        for address in try OperationTable.unconfirmedAddresses(in: db) {
            guard let schema = memory.table(address.table) else { continue }
            // As the service said, as it looks with the operations on top, and as it stood when it went.
            let members = [
                try confirmedRow(address, schema)?.members, try overlayRow(address, schema)?.members,
                try keptRow(address, schema)?.members,
            ]
            // Look-ahead rows go with the shape that they are for.
            let shapes = members.compactMap { $0 }.flatMap(memory.sets.shapes(of:))
            keepers.insert(Set(shapes.map { memory.index(of: $0).flatMap { memory.shapes[$0].aheadOf } ?? $0 }))
        }
        return keepers
    }
}
