import GRDB
import Postgres
import SyncModel

/// Tables that were read anew at a position that the mirror has yet to reach. Their rows lie in `MirrorFile.staged`.
struct PendingResync: Sendable {
    /// Transactions before it are in what was read.
    let point: LSN
    let catalogue: DatabaseSchema
    /// Of its tables.
    let identities: [TableName: TableIdentity]
    /// Those that were read; tables that are no more are in none.
    let staged: [TableName]
}

/// A resync of some tables while the stream goes on with the others.
///
/// From `unsettle` on the stream's changes of these tables are passed over, and nobody is told of anything that comes
/// through: it would be seen without them. When the stream has come to where the tables were read, they are compared,
/// and what differs is told together with what was held back, as one transaction: each row as what both come to.
extension Mirror {
    /// What is passed over is written down, because the mirror's rows of these tables are not what its position says
    /// from the first transaction on that is passed over.
    func unsettle(_ tables: [TableName]) throws {
        try pool.write { db in
            guard var position = state.position else { return }
            let before = position.unsettled
            let all = Set(tables).union(before?.tables ?? [])
            position.unsettled = MirrorPosition.Unsettled(
                tables: all.sorted(), frontier: before?.frontier ?? state.frontier)
            try position.storeUnsettled(in: db)
            change { $0.position = position }
        }
    }

    func expect(_ pending: PendingResync) {
        change { $0.pending = pending }
    }

    /// Everything before `lsn` has come through: where that is as far as tables were read, they are compared now.
    func settle(before lsn: LSN) throws {
        let memory = state
        guard let pending = memory.pending, pending.point <= lsn, var position = memory.position else { return }
        position.position = max(position.position, position.offset(of: LSN(pending.point.rawValue - 1)))
        position.resume = max(position.resume, pending.point)
        // Whoever was told more by a life that is lost holds rows that came since and, where they went again before the
        // tables were read, are in no difference.
        if let told = position.unsettled?.frontier { position.gaps.add(after: told, before: position.position) }
        position.unsettled = nil
        try amend(
            MirrorAmendment(
                catalogue: pending.catalogue, identities: pending.identities, position: position,
                staged: pending.staged, confirmations: nil))
        change { $0.pending = nil }
    }
}
