import GRDB
import ShapeEngine
import Shapes
import SyncModel

/// Keeps from a writer what won over its fields in rows that it may not read.
struct LostWriteFilter: Sendable {
    let mirror: Mirror
    /// Commits a marker in PostgreSQL and tells the position that covers what was committed before.
    let barrier: @Sendable () async throws -> LSN
    /// How long an answer waits for the mirror to have seen the winners.
    private static let patience = Duration.seconds(2)

    /// `operations`: those that the verdicts are on, as far as they came with the request. One that was given up is
    /// known by its id alone, and so nothing is told of what won over it.
    func confined(
        _ verdicts: [Verdict], on operations: [SequencedOperation], to access: ReadAccess
    ) async throws -> [Verdict] {
        guard access.rules != .none, let catalogue = mirror.catalogue,
            verdicts.contains(where: { !$0.lost.isEmpty })
        else { return verdicts }
        var known: [Int64: SyncModel.Operation] = [:]
        for sequenced in operations { known[sequenced.seq] = sequenced.operation }
        var shapes: [TableName: Sight] = [:]
        for table in Set(verdicts.filter { !$0.lost.isEmpty }.compactMap { known[$0.seq]?.table }) {
            shapes[table] = Self.sight(of: table, in: catalogue, access)
        }
        let isCaughtUp = shapes.values.allSatisfy { $0 == .everything } ? true : try await catchUp()
        return try await mirror.pool.read { [known, shapes] db in
            let source = MirrorSource(db: db, schema: catalogue)
            return try verdicts.map { verdict in
                guard !verdict.lost.isEmpty else { return verdict }
                guard let operation = known[verdict.seq] else { return verdict.withoutWinners }
                switch shapes[operation.table] ?? .nothing {
                case .everything: return verdict
                case .nothing: return verdict.withoutWinners
                case .some(let shape):
                    guard isCaughtUp, let table = catalogue[operation.table], let key = operation.rowKey(in: table),
                        let row = try source.row(key, of: table.name),
                        try Self.contains(key, row, of: table.name, in: shape, source)
                    else { return verdict.withoutWinners }
                    return verdict
                }
            }
        }
    }

    private enum Sight: Equatable {
        case everything
        case nothing
        case some(Shape)
    }

    private static func sight(of table: TableName, in catalogue: DatabaseSchema, _ access: ReadAccess) -> Sight {
        guard let definition = try? ShapeDefinition(rootTable: table),
            let shape = try? Shape(resolving: definition, in: catalogue, access: access)
        else { return .nothing }
        return shape.grant.isRestricted ? .some(shape) : .everything
    }

    private static func contains(
        _ key: RowKey, _ row: SyncModel.Row, of table: TableName, in shape: Shape, _ source: MirrorSource
    ) throws -> Bool {
        var subselects = SubselectStore()
        if let predicate = shape.nodes[0].predicate {
            try subselects.retain(predicate, in: source, schema: source.schema)
        }
        // NOW() is not asked for: what depends on it is undecidable here, and kept back.
        let view = EngineView(subselects: subselects, schema: source.schema)
        return try ShapeMaintenance.contains(key, row: row, of: table, in: shape, source: source, view: view)
    }

    private func catchUp() async throws -> Bool {
        let lsn = try await barrier()
        guard let position = mirror.state.position else { return false }
        let frontier = position.offset(of: lsn)
        await mirror.signal.wait(for: ReaderSignal.Interest(seen: 0, frontier: frontier), atMost: Self.patience)
        return mirror.frontier >= frontier
    }
}

extension Verdict {
    /// What lost is told, and not to what.
    fileprivate var withoutWinners: Verdict {
        Verdict(
            seq: seq, id: id, outcome: outcome, at: at,
            lost: lost.map { write in
                LostWrite(column: write.column, mine: write.mine, theirs: .absent, writer: .plainSQL, writtenAt: at)
            }, reason: reason, isDuplicate: isDuplicate)
    }
}
