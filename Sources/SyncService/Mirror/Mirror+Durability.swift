import GRDB
import SyncModel

extension Mirror {
    /// Makes all that was applied durable and returns the position that PostgreSQL may forget up to; nil where
    /// nothing is new. A commit of SQLite in `synchronous=NORMAL` is not an fsync; one synced commit covers
    /// those before it, because the write-ahead log is sequential.
    func makeDurable() throws -> LSN? {
        guard let known = state.position, resume(of: known) > state.durable else { return nil }
        let reached = try pool.writeWithoutTransaction { db in
            try db.execute(sql: "PRAGMA synchronous = FULL")
            defer { try? db.execute(sql: "PRAGMA synchronous = NORMAL") }
            var reached: LSN?
            try db.inTransaction {
                // Of the file: what is in memory may be of a transaction that the file has not taken, or will not.
                guard var position = try MirrorPosition.read(in: db) else { return .rollback }
                position.resume = resume(of: position)
                guard position.resume > state.durable else { return .rollback }
                try position.advance(in: db)
                reached = position.resume
                return .commit
            }
            if let reached {
                change { memory in
                    let resume = memory.position?.resume ?? .zero
                    memory.position?.resume = max(resume, reached)
                    memory.durable = reached
                }
            }
            return reached
        }
        return reached.map { LSN($0.rawValue - 1) }
    }

    /// A frontier beyond the newest transaction: nothing was committed in between for us to hold.
    private func resume(of position: MirrorPosition) -> LSN {
        let frontier = state.frontier
        return frontier > position.position
            ? max(position.resume, LSN(frontier - position.shift + 1)) : position.resume
    }
}
