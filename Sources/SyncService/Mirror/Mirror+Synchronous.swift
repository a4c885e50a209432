import GRDB
import Shapes
import SyncModel
import SyncProtocol
import TableStore

/// The mirror driven from one thread, without tasks and without a clock of its own: what the simulator runs in
/// the place of `MirrorStart`, `Follower` and `SyncRoute`.
package struct SynchronousMirror {
    private let mirror: Mirror
    private let limits: Mirror.ShapeLimits

    package init(
        path: String, rules: ReadRules = .none, limits: Mirror.ShapeLimits = Mirror.ShapeLimits()
    ) throws {
        mirror = try Mirror(path: path, rules: rules)
        self.limits = limits
    }

    /// nil until the first copy.
    package var position: MirrorPosition? { mirror.state.position }
    package var catalogue: DatabaseSchema? { mirror.catalogue }
    package var frontier: UInt64 { mirror.frontier }
    package var schemaTag: String? { mirror.state.schemaTag }
    /// What it tells of: behind `frontier` nothing while tables wait to be compared.
    package var isUnsettled: Bool { position?.unsettled != nil }
    /// Tables were read anew, and wait for the stream to come as far.
    package var awaitsComparison: Bool { mirror.state.pending != nil }
    /// When time alone changes a shape next, in microseconds since 1970.
    package var nextDue: Int64? { mirror.nextDue }

    // MARK: - Following

    /// Whether the stream goes on, and from where. `doubted`: what the stream describes otherwise.
    package func plan(
        server: Epoch, slot: MirrorPlan.Slot?, catalogue: DatabaseSchema, doubting doubted: [TableName] = []
    ) -> MirrorPlan {
        mirror.change { $0.pending = nil }
        let change = CatalogueChange(from: mirror.catalogue ?? catalogue, to: catalogue)
        return MirrorPlan.decide(
            mirror: position, server: server, slot: slot,
            doubt: MirrorPlan.Doubt(
                tables: Set(change.tables).union(doubted).sorted(), isCatalogueSame: change.isNone))
    }

    /// What a snapshot of the database has.
    package struct Snapshot {
        package let rows: [(table: TableName, row: SyncModel.Row, clock: RowClock)]
        package let catalogue: DatabaseSchema
        /// The stream that goes with it begins here.
        package let consistentPoint: LSN
        /// Microseconds since 1970.
        package let time: Int64
        package let nextXID: UInt64
        /// What was confirmed of each replica.
        package let confirmed: [(replica: ReplicaID, seq: Int64)]

        package init(
            rows: [(table: TableName, row: SyncModel.Row, clock: RowClock)], catalogue: DatabaseSchema,
            consistentPoint: LSN, time: Int64, nextXID: UInt64, confirmed: [(replica: ReplicaID, seq: Int64)]
        ) {
            self.rows = rows
            self.catalogue = catalogue
            self.consistentPoint = consistentPoint
            self.time = time
            self.nextXID = nextXID
            self.confirmed = confirmed
        }
    }

    /// Takes in all tables, beside a new slot. Shapes go on with what differs.
    package func copy(_ snapshot: Snapshot, epoch: Epoch) throws {
        let before = mirror.state
        let position = MirrorCopy.position(
            after: before.position, told: before.frontier, epoch: epoch, consistentPoint: snapshot.consistentPoint,
            seen: SeenTransactions(xmin: snapshot.nextXID, xmax: snapshot.nextXID), time: snapshot.time)
        let tables = snapshot.catalogue.tables.map(\.name)
        try stage(snapshot, tables)
        try mirror.amend(
            MirrorAmendment(
                catalogue: snapshot.catalogue, identities: [:], position: position, staged: tables,
                confirmations: snapshot.confirmed.map {
                    MirrorAmendment.Confirmation(replica: $0.replica.description, seq: $0.seq)
                }))
    }

    /// Reads these tables, while the stream goes on with the others. No tables: only the catalogue is another.
    package func compare(_ tables: [TableName], _ snapshot: Snapshot) throws {
        guard let position else { return }
        if tables.isEmpty {
            return try mirror.amend(
                MirrorAmendment(
                    catalogue: snapshot.catalogue, identities: [:], position: position, staged: [], confirmations: nil))
        }
        let staged = tables.filter { snapshot.catalogue[$0] != nil }
        try stage(snapshot, staged)
        try mirror.unsettle(tables)
        mirror.expect(
            PendingResync(
                point: snapshot.consistentPoint, catalogue: snapshot.catalogue, identities: [:], staged: staged))
    }

    private func stage(_ snapshot: Snapshot, _ tables: [TableName]) throws {
        try mirror.pool.write { db in
            for table in tables.compactMap({ snapshot.catalogue[$0] }) {
                try MirrorFile.staged.drop(table.name, in: db)
                try MirrorFile.staged.create(table, isIndexed: false, in: db)
            }
            for (name, row, clock) in snapshot.rows where tables.contains(name) {
                guard let table = snapshot.catalogue[name] else { continue }
                let extras = [clock.version, clock.clock.microseconds]
                try MirrorFile.staged.upsert(
                    StoredRow(key: row.key(in: table), row: row, extras: extras), of: table, in: db)
            }
        }
    }

    /// Gives the table that the stream describes otherwise than the mirror knows it; then those before that transaction
    /// were applied.
    package func apply(_ transactions: [SourceTransaction]) throws -> TableName? {
        do {
            try mirror.apply(transactions)
            return nil
        } catch let error as Mirror.SchemaChanged {
            return error.table
        }
    }

    package func frontierMoved(to lsn: LSN) throws { try mirror.frontierMoved(to: lsn) }

    /// What may be reported to PostgreSQL as flushed.
    package func makeDurable() throws -> LSN? { try mirror.makeDurable() }

    // MARK: - Answering

    /// A service that was killed may know less at first than it had told.
    package func isBehind(_ request: SyncRequest) -> Bool {
        let known = request.shapes.filter { mirror.keptShape($0.handle) != nil }
        return known.contains { $0.offset.tx > mirror.frontier }
    }

    /// One answer, as the request would get it at once. `isNews` false: a live request is held instead.
    package func answer(
        _ request: SyncRequest, claims: [Text: Text] = [:], now: HybridTimestamp
    ) throws -> (body: [UInt8], isNews: Bool) {
        guard mirror.epoch != nil else {
            throw ServiceError(.notReady, "the mirror is being copied: try again shortly")
        }
        let known = mirror.state
        var subjects: [SyncAnswer.Subject] = request.refusals.map { .ended(id: $0.id, $0.reason) }
        let access = ReadAccess(rules: mirror.rules, claims: claims)
        for shape in request.shapes {
            let subject = try subject(shape, access, now: now)
            if let kept = subject.kept { mirror.used(kept, now: now.microseconds) }
            subjects.append(subject)
        }
        let answer = SyncAnswer(mirror: mirror, request: request, serviceClock: now)
        let composed = try mirror.pool.read { db in try answer.compose(subjects, known: known, db: db) }
        return (composed.bytes, composed.isNews)
    }

    /// As `ExplainRoute` does it.
    package func explain(_ request: ExplainRequest, claims: [Text: Text]) throws -> ExplainAnswer {
        let question = try ExplainQuestion(request, claims: claims, of: mirror)
        return try mirror.pool.read { db in try question.answer(db) }
    }

    private func subject(
        _ shape: SyncRequest.Shape, _ access: ReadAccess, now: HybridTimestamp
    ) throws -> SyncAnswer.Subject {
        if let known = mirror.subject(shape, access) { return known }
        do {
            let kept = try keep(shape.definition, access, now: now)
            return .beginning(kept, of: shape)
        } catch let error as ShapeError {
            return .ended(id: shape.id, Reason(code: error.code.rawValue, message: error.description))
        }
    }

    /// Registers the shape and writes its snapshot, with nothing in between.
    private func keep(_ definition: ShapeDefinition, _ access: ReadAccess, now: HybridTimestamp) throws -> KeptShape {
        guard let catalogue = mirror.catalogue, let position else {
            throw ServiceError(.notReady, "the mirror is being copied: try again shortly")
        }
        let shape = try Shape(resolving: definition, in: catalogue, access: access)
        if let kept = mirror.keptShape(identity: KeptShape.identity(shape, .stream)) { return kept }
        try mirror.checkSettled()
        guard mirror.shapeCount < limits.shapes else {
            throw ServiceError.tooLarge("the number of shapes", limits.shapes)
        }
        let (kept, view) = try mirror.pool.write { db in
            let kept = try mirror.insert(shape, .stream, position, now: now.microseconds, db)
            return (kept, try mirror.enliven(kept, catalogue, db))
        }
        mirror.withMemory { $0.shapes.add(kept) }
        let writer = SnapshotWriter(
            kept: kept, view: view, catalogue: catalogue, seen: position.seen, byteLimit: limits.bytes)
        try mirror.pool.read { db in mirror.writeSnapshot(writer, from: .success(db)) }
        return kept
    }

    // MARK: - Keeping small

    /// As the follower's upkeep does it, to its end. `now`: microseconds since 1970.
    package func tidy(now: Int64, retention: Mirror.Retention) throws {
        while try mirror.tidy(now: now, retention: retention) {}
    }

    /// The longest log's entries, row changes of the logs, shapes.
    package func figures() throws -> (longestLog: Int, changes: Int, shapes: Int) {
        try mirror.pool.read { db in
            func number(_ sql: String) throws -> Int { try Int.fetchOne(db, sql: sql) ?? 0 }
            return (
                try number("SELECT max(n) FROM (SELECT count(*) AS n FROM entry GROUP BY shape)"),
                try number("SELECT count(*) FROM change"), try number("SELECT count(*) FROM shape")
            )
        }
    }

    /// The most confirmations that are kept of one replica.
    package func confirmationCount() throws -> Int {
        try mirror.pool.read { db in
            try Int.fetchOne(
                db, sql: "SELECT max(n) FROM (SELECT count(*) AS n FROM confirmation GROUP BY replica)") ?? 0
        }
    }

    /// A restarted service begins with closed files.
    package func close() throws { try mirror.pool.close() }
}
