import GRDB
import SyncModel

extension Mirror {
    /// Makes all that was applied durable and returns the position that PostgreSQL may forget up to; nil where
    /// nothing is new. A commit of SQLite in `synchronous=NORMAL` is not an fsync; one synced commit covers
    /// those before it, because the write-ahead log is sequential.
    func makeDurable() throws -> LSN? {
        let memory = state
        guard let known = memory.position else { return nil }
        // A frontier beyond the newest transaction: nothing was committed in between for us to hold.
        let idle = LSN(memory.frontier > known.position ? memory.frontier - known.shift + 1 : 0)
        let resume = max(known.resume, idle)
        guard resume > memory.durable else { return nil }
        let reached = try pool.writeWithoutTransaction { db in
            try db.execute(sql: "PRAGMA synchronous = FULL")
            defer { try? db.execute(sql: "PRAGMA synchronous = NORMAL") }
            var reached = resume
            try db.inTransaction {
                guard var position = try MirrorPosition.read(in: db), position.epoch == known.epoch else {
                    return .rollback
                }
                position.resume = max(position.resume, resume)
                reached = position.resume
                try position.advance(in: db)
                change { memory in
                    memory.position?.resume = reached
                    memory.durable = reached
                }
                return .commit
            }
            return reached
        }
        return LSN(reached.rawValue - 1)
    }
}
