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

    // MARK: - Following

    /// Whether the stream goes on, and from where.
    package func plan(server: Epoch, slot: MirrorPlan.Slot?, catalogue: DatabaseSchema) -> MirrorPlan {
        let change = CatalogueChange(from: mirror.catalogue ?? catalogue, to: catalogue)
        return MirrorPlan.decide(
            mirror: position, server: server, slot: slot,
            doubt: MirrorPlan.Doubt(tables: change.tables, isCatalogueSame: change.isNone))
    }

    /// Takes these rows for what a snapshot at `consistentPoint` has. Shapes go on with what differs.
    package func copy(
        _ rows: [(table: TableName, row: SyncModel.Row, clock: RowClock)], catalogue: DatabaseSchema, epoch: Epoch,
        consistentPoint: LSN, nextXID: UInt64
    ) throws {
        let before = mirror.state
        let position = MirrorCopy.position(
            after: before.position, told: before.frontier, epoch: epoch, consistentPoint: consistentPoint,
            seen: SeenTransactions(xmin: nextXID, xmax: nextXID), time: 0)
        try mirror.pool.write { db in
            for table in catalogue.tables { try MirrorFile.staged.create(table, isIndexed: false, in: db) }
            for (name, row, clock) in rows {
                guard let table = catalogue[name] else { continue }
                let extras = [clock.version, clock.clock.microseconds]
                try MirrorFile.staged.upsert(
                    StoredRow(key: row.key(in: table), row: row, extras: extras), of: table, in: db)
            }
        }
        try mirror.amend(
            MirrorAmendment(
                catalogue: catalogue, identities: [:], position: position, staged: catalogue.tables.map(\.name),
                confirmations: nil))
    }

    package func apply(_ transaction: SourceTransaction) throws { try mirror.apply(transaction) }

    package func frontierMoved(to lsn: LSN) throws { try mirror.frontierMoved(to: lsn) }

    /// What may be reported to PostgreSQL as flushed.
    package func makeDurable() throws -> LSN? { try mirror.makeDurable() }

    // MARK: - Answering

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
        for shape in request.shapes { subjects.append(try subject(shape, access, now: now)) }
        let answer = SyncAnswer(mirror: mirror, request: request, serviceClock: now)
        let composed = try mirror.pool.read { db in try answer.compose(subjects, known: known, db: db) }
        return (composed.bytes, composed.isNews)
    }

    private func subject(
        _ shape: SyncRequest.Shape, _ access: ReadAccess, now: HybridTimestamp
    ) throws -> SyncAnswer.Subject {
        let memory = mirror.state
        if let known = memory.subject(shape, access) {
            return known
        }
        do {
            let kept = try keep(shape.definition, access, now: now)
            return .kept(id: shape.id, kept, offset: .beforeAll, isReset: true)
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
        if let kept = mirror.state.shapes[KeptShape.identity(shape, .stream)] { return kept }
        guard mirror.state.shapes.count < limits.shapes else {
            throw ServiceError.tooLarge("the number of shapes", limits.shapes)
        }
        let (kept, view) = try mirror.pool.write { db in
            let kept = try mirror.insert(shape, .stream, position, now: now.microseconds, db)
            return (kept, try mirror.enliven(kept, catalogue, db))
        }
        mirror.change { $0.shapes.add(kept) }
        let writer = SnapshotWriter(
            kept: kept, view: view, catalogue: catalogue, seen: position.seen, byteLimit: limits.bytes)
        try mirror.pool.read { db in mirror.writeSnapshot(writer, from: .success(db)) }
        return kept
    }

    // MARK: - Measuring

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
