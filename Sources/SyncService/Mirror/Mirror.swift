import GRDB
import JSONText
import Postgres
import ShapeEngine
import Shapes
import SyncModel
import SyncProtocol
import Synchronization
import TableStore

/// The service's own copy of the published tables, exact as of one position, with the logs of the shapes.
///
/// One thread applies transactions (`apply`), in the order of the stream; each is one SQLite transaction with
/// its log entries and the position. What is in memory is changed inside those transactions, and read under
/// a lock.
package final class Mirror: Sendable {
    let pool: DatabasePool
    let rules: ReadRules
    package let signal = ReaderSignal()
    /// Half of the readers are left to answers.
    let snapshotSlots = SnapshotSlots(MirrorFile.readerCount / 2)
    private let memory = Mutex(Memory())
    /// nil until the first copy.
    let live = Mutex<LiveShapes?>(nil)

    struct Memory: Sendable {
        var state = State()
        // What has an entry for each shape is never copied: the copy's life would make the next change copy all of it.
        var shapes = ShapeRegistry()
        /// When each shape was last asked for, where that is not stored yet; microseconds since 1970.
        var uses: [Int64: Int64] = [:]
        /// How many entries each shape's log has.
        var logLengths: [Int64: Int] = [:]
    }

    /// What is handed out as it is at a moment.
    struct State: Sendable {
        var catalogue: DatabaseSchema? {
            didSet { schemaTag = catalogue.map { Checksum.text($0.json) } }
        }
        /// Of its tables.
        var identities: [TableName: TableIdentity] = [:]
        /// Names the catalogue: the same text, the same catalogue.
        private(set) var schemaTag: String?
        var position: MirrorPosition?
        /// Everything up to here is known and committed, in offsets: at least `position` but for the moment of its
        /// commit, further when nothing happened.
        var frontier: UInt64 = 0
        /// Rows that shapes leave out because their conditions fail; shapes without any are not there.
        var conditionFailures: [Int64: ShapeFailures] = [:]
        /// What an fsync covers, as a place to resume at.
        var durable = LSN.zero
        /// Something was committed since the newest heartbeat came through.
        var isHeartbeatDue = false
        /// What the mirror reaches before tables that were read anew are compared with it.
        var pending: PendingResync?
        /// The transaction that is being written beside the rows.
        var spill: Spill?
        var spillFigures = SpillFigures()
        /// As of the newest transaction.
        var metrics = LiveShapes.Metrics()
        /// Why the shape of a handle ended; the readers that follow it are told.
        var failures = BoundedFailures()
    }

    /// `rules`: as long as the process lives.
    package init(path: String, rules: ReadRules = .none) throws {
        self.rules = rules
        pool = try MirrorFile.open(path: path)
        try pool.write { db in try restore(in: db) }
    }

    var state: State { memory.withLock { $0.state } }

    func change(_ body: (inout State) -> Void) { memory.withLock { body(&$0.state) } }

    func withMemory<Result>(_ body: (inout Memory) -> Result) -> Result { memory.withLock { body(&$0) } }

    /// nil until the first copy.
    package var catalogue: DatabaseSchema? { withMemory { $0.state.catalogue } }

    package var epoch: Epoch? { withMemory { $0.state.position?.epoch } }

    package var frontier: UInt64 { withMemory { $0.state.frontier } }

    var schemaTag: String? { withMemory { $0.state.schemaTag } }

    /// On the caller's thread, from the newest state. What a route reads is bounded, and there is always a reader left:
    /// handing a read to a thread of its own and coming back wakes four threads, which takes as long as a short read.
    func readHere<Result>(_ body: (Database) throws -> Result) throws -> Result { try pool.read(body) }

    /// One transaction. Where the file does not take it, what is in memory is what the file says again before anybody
    /// else writes: a shape that began in between would stand at a transaction that it has not seen.
    func writeOrRestore<Result>(_ body: (Database) throws -> Result) throws -> Result {
        try pool.writeWithoutTransaction { db in
            do {
                var written: Result?
                try db.inTransaction {
                    written = try body(db)
                    return .commit
                }
                guard let written else { throw DatabaseError(message: "the transaction was not committed") }
                return written
            } catch {
                try? db.inTransaction {
                    try restore(in: db)
                    return .commit
                }
                throw error
            }
        }
    }

    /// What a file of an earlier run holds. A snapshot that was not finished is given up with its shape.
    func restore(in db: Database) throws {
        guard let position = try MirrorPosition.read(in: db),
            let text = try String.fetchOne(db, sql: "SELECT catalogue FROM state WHERE id = 1")
        else { return }
        let catalogue = try DatabaseSchema(json: Array(text.utf8))
        try db.execute(sql: "INSERT INTO ended SELECT id FROM shape WHERE chunks IS NULL")
        try db.execute(sql: "DELETE FROM shape WHERE chunks IS NULL")
        var shapes = ShapeRegistry()
        for row in try GRDB.Row.fetchAll(db, sql: "SELECT * FROM shape ORDER BY id") {
            if let kept = kept(row, catalogue) { shapes.add(kept) } else { try Self.abandon(row["id"], db) }
        }
        var lengths: [Int64: Int] = [:]
        for row in try GRDB.Row.fetchAll(db, sql: "SELECT shape, count(*) AS n FROM entry GROUP BY shape") {
            lengths[row["shape"]] = row["n"]
        }
        let restored = shapes
        let logLengths = lengths.filter { restored[$0.key] != nil }
        var failures = BoundedFailures()
        for row in try GRDB.Row.fetchAll(db, sql: "SELECT * FROM reason ORDER BY number") {
            failures[ShapeHandle(row["handle"])] = Reason(code: row["code"], message: row["message"])
        }
        let reasons = failures
        let conditionFailures = try FailureStore(db: db).summaries().filter { restored[$0.key] != nil }
        try enlivenAll(restored.all, catalogue, position, db)
        let identities = try MirrorFile.identities(in: db)
        withMemory { memory in
            memory.state.identities = identities
            memory.state.catalogue = catalogue
            memory.state.position = position
            // A keepalive may have told more than the newest transaction does.
            let known = max(position.position, position.offset(of: LSN(max(position.resume.rawValue, 1) - 1)))
            memory.state.frontier = position.unsettled?.frontier ?? known
            memory.state.conditionFailures = conditionFailures
            memory.state.failures = reasons
            memory.shapes = restored
            memory.logLengths = logLengths
        }
    }

    /// nil: it cannot be served any more, or the rules are others than those it was begun under.
    private func kept(_ row: GRDB.Row, _ catalogue: DatabaseSchema) -> KeptShape? {
        guard let form = ShapeForm(name: row["form"]),
            let definition = try? ShapeDefinition(json: JSON(parsing: row["definition"] as String)),
            let claims = try? ReadGrant.claims(in: row["grant"]),
            let shape = try? Shape(
                resolving: definition, in: catalogue, access: ReadAccess(rules: rules, claims: claims)),
            shape.grant.text == row["grant"]
        else { return nil }
        return KeptShape(
            id: row["id"], handle: ShapeHandle(row["handle"]), form: form, shape: shape,
            snapshotTx: UInt64(row["snapshot_tx"] as Int64),
            floor: (row["floor"] as String?).flatMap { LogOffset($0) })
    }

    private static func abandon(_ shape: Int64, _ db: Database) throws {
        try db.execute(sql: "INSERT OR IGNORE INTO ended VALUES (?)", arguments: [shape])
        try db.execute(sql: "DELETE FROM shape WHERE id = ?", arguments: [shape])
    }

    /// MUST be called after the commit that reaches it: whoever reads between the two would be told of a frontier
    /// without what led to it, and never ask for that again.
    func raiseFrontier(to tx: UInt64) { change { $0.frontier = max($0.frontier, tx) } }

    /// The stream says that everything up to `lsn` is known although nothing was committed.
    func frontierMoved(to lsn: LSN) throws {
        try settle(before: LSN(lsn.rawValue + 1))
        change { state in
            if let position = state.position, position.unsettled == nil {
                state.frontier = max(state.frontier, position.offset(of: lsn))
            }
        }
        signal.frontierMoved(to: frontier)
    }
}
