import GRDB
import SyncModel
import TableStore

/// The device's side of the data: confirmed rows and their memberships, the queue of operations, the overlay,
/// the held shapes and the replica's identity, in one SQLite file with one writer.
///
/// Synchronous and not `Sendable`: one owner calls it from one serial place. Each call is one SQLite
/// transaction; when it throws, nothing has changed. Transactions that accept operations or learn their fate
/// are synced to the disk before the call returns; others survive a crash of the process, not of the machine,
/// after which the service sends again what they held.
package final class Replica {
    package enum Location: Hashable, Sendable {
        /// - Parameter instance: what tells this place on the disk from a copy of it, such as
        ///   `Replica.instance(ofDirectory:)`. A file that comes from another place becomes a new replica.
        case file(path: String, instance: String)
        case memory
    }

    package let limits: ReplicaLimits
    /// How many rows the last change looked at to recompute the overlay.
    package private(set) var rebuiltRows = 0
    let database: DatabaseQueue
    var memory: ReplicaMemory
    /// How often this process has synced to the disk what it wrote.
    private(set) var durableCommits = 0
    private var isFull = true

    /// Opens the replica, or creates it.
    ///
    /// - Parameter newReplicaID: taken by a replica that is new, or that was copied or restored.
    package init(
        location: Location, limits: ReplicaLimits = ReplicaLimits(), newReplicaID: ReplicaID
    ) throws(ReplicaError) {
        self.limits = limits
        do {
            let database = try Self.open(location)
            self.database = database
            let instance = if case .file(_, let instance) = location { instance } else { "" }
            let isCopy: Bool
            (memory, isCopy) = try database.write { db in
                let isCopy = try Self.prepare(db, instance: instance, newReplicaID: newReplicaID)
                return (try ReplicaMemory(in: db), isCopy)
            }
            if !memory.overlaid.isEmpty { try findShortWindows() }
            if isCopy { try settleCopy(instance: instance, newReplicaID: newReplicaID) }
        } catch {
            throw Self.error(error)
        }
    }

    private func findShortWindows() throws {
        memory = try database.write { db in
            let transaction = ReplicaTransaction(db, memory, limits: limits)
            try transaction.findShortWindows()
            return transaction.memory
        }
    }

    private static func open(_ location: Location) throws -> DatabaseQueue {
        var configuration = Configuration()
        configuration.label = "replica"
        configuration.prepareDatabase { TableStore.prepareOrderedReads($0) }
        switch location {
        case .memory: return try DatabaseQueue(configuration: configuration)
        case .file(let path, _):
            configuration.prepareDatabase { db in
                // A page that many transactions write goes from the log to its place once for 16 MB of them.
                try db.execute(
                    sql: "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 4000;")
            }
            return try DatabaseQueue(path: path, configuration: configuration)
        }
    }

    /// True where the file came from another place.
    private static func prepare(_ db: Database, instance: String, newReplicaID: ReplicaID) throws -> Bool {
        if try !ReplicaFile.check(db) {
            try ReplicaFile.create(in: db)
            try StateName.replica.set(newReplicaID.description, in: db)
            try StateName.instance.set(instance, in: db)
            return false
        }
        return try StateName.instance.text(in: db) != instance
    }

    // MARK: - Facts

    package var id: ReplicaID { memory.id }
    /// The history that the confirmed rows belong to; nil before the first answer.
    package var epoch: Epoch? { memory.epoch }
    /// By the service's clock, when it made the newest answer that was taken in; nil before the first.
    package var answeredAt: HybridTimestamp? {
        memory.serviceClock.microseconds > 0 ? memory.serviceClock : nil
    }
    package var schema: DatabaseSchema? { memory.schema }
    package var dataModel: String? { memory.dataModel }
    package var isPaused: Bool { memory.isPaused }
    package var heldShapes: [HeldShape] { memory.asked.map(\.held) }
    /// The number of the last effects.
    package var sequence: Int64 { memory.sequence }

    // MARK: - Transactions

    enum Durability {
        /// On the disk when the call returns.
        case full
        /// In order, and on the disk before any later full one.
        case normal
    }

    /// Runs `body` as one event; one that does not commit only tells what it would do.
    func change<Result>(
        _ durability: Durability, commits: Bool = true, _ body: (ReplicaTransaction) throws -> Result
    ) throws(ReplicaError) -> (result: Result, effects: Effects) {
        do {
            return try database.writeWithoutTransaction { db in
                try setDurability(durability, in: db)
                let transaction = ReplicaTransaction(db, memory, limits: limits)
                var changed: (Result, Effects)?
                try db.inTransaction(.immediate) {
                    let result = try body(transaction)
                    changed = (result, try transaction.finish())
                    return commits ? .commit : .rollback
                }
                guard let changed else { throw ReplicaError(.storage, "The transaction was not run") }
                guard commits else { return changed }
                if isFull { durableCommits += 1 }
                // Only now: a commit can fail too.
                memory = transaction.memory
                rebuiltRows = transaction.rebuilt
                return changed
            }
        } catch {
            throw Self.error(error)
        }
    }

    /// Runs `body` as one event for each item, and syncs all of them to the disk at once. An item that is refused
    /// leaves nothing behind; any other failure is that of all.
    func changeEach<Item, Outcome>(
        _ durability: Durability, _ items: [Item], _ body: (ReplicaTransaction, Item) throws -> Outcome
    ) throws(ReplicaError) -> [Result<(result: Outcome, effects: Effects), ReplicaError>] {
        do {
            return try database.writeWithoutTransaction { db in
                try setDurability(durability, in: db)
                var memory = memory
                var changed: [Result<(result: Outcome, effects: Effects), ReplicaError>] = []
                try db.inTransaction(.immediate) {
                    for item in items {
                        let transaction = ReplicaTransaction(db, memory, limits: limits)
                        do {
                            try db.inSavepoint {
                                let result = try body(transaction, item)
                                changed.append(.success((result, try transaction.finish())))
                                return .commit
                            }
                            memory = transaction.memory
                            rebuiltRows = transaction.rebuilt
                        } catch let error as ReplicaError where !error.isOfStorage {
                            changed.append(.failure(error))
                        }
                    }
                    return .commit
                }
                if isFull { durableCommits += 1 }
                // Only now: a commit can fail too.
                self.memory = memory
                return changed
            }
        } catch {
            throw Self.error(error)
        }
    }

    /// Reads. Nobody else writes the file, so that what several statements see fits together without a transaction.
    /// GRDB's own `read` would set `PRAGMA query_only`, and with that have SQLite compile every statement anew.
    func inspect<Result>(_ body: (ReplicaTransaction) throws -> Result) throws(ReplicaError) -> Result {
        do {
            return try database.unsafeRead { db in
                let changes = db.totalChangesCount
                defer { assert(db.totalChangesCount == changes, "an inspection writes nothing") }
                return try body(ReplicaTransaction(db, memory, limits: limits))
            }
        } catch {
            throw Self.error(error)
        }
    }

    private func setDurability(_ durability: Durability, in db: Database) throws {
        let wantsFull = durability == .full
        if wantsFull == isFull { return }
        try db.execute(sql: "PRAGMA synchronous = \(wantsFull ? "FULL" : "NORMAL")")
        isFull = wantsFull
    }

    private static func error(_ error: any Error) -> ReplicaError {
        if let error = error as? ReplicaError { return error }
        guard let database = error as? DatabaseError else { return ReplicaError(.storage, "\(error)") }
        switch database.resultCode {
        case .SQLITE_CORRUPT, .SQLITE_NOTADB:
            return ReplicaError(.corrupt, "The replica's file is damaged: \(database.message ?? "no SQLite database")")
        default:
            return ReplicaError(.storage, "The replica cannot be read or written: \(database.message ?? "\(database)")")
        }
    }
}
