import GRDB
import ShapeEngine
import Shapes
import SyncModel
import SyncProtocol
import Synchronization

/// `POST /v1/explain`: why a row is, or is not, in a shape as this person may see it.
///
/// The shape need not be kept. Rows, members of sub-selects and windows are read anew, in one transaction beside the
/// stream, so that nothing is held up; it costs as much as there is to read, and few may ask at a time.
final class ExplainRoute: Sendable {
    private let mirror: Mirror
    private let underway = Mutex(0)
    /// Readers of the mirror are shared with snapshots and the streams' answers.
    private static let limit = 2

    init(mirror: Mirror) {
        self.mirror = mirror
    }

    func answer(_ request: ExplainRequest, from person: Person) async throws -> ExplainAnswer {
        let question = try ExplainQuestion(request, claims: person.claims, of: mirror)
        try begin()
        defer { underway.withLock { $0 -= 1 } }
        return try await mirror.pool.read { db in try question.answer(db) }
    }

    private func begin() throws(ServiceError) {
        let isFree = underway.withLock { count in
            guard count < Self.limit else { return false }
            count += 1
            return true
        }
        guard isFree else {
            throw ServiceError(.notReady, "\(Self.limit) rows are being explained already: try again shortly")
        }
    }
}

/// What somebody asks, with what the mirror has to be for it.
struct ExplainQuestion {
    private let shape: Shape
    private let table: TableName
    private let key: RowKey
    private let catalogue: DatabaseSchema
    private let layout: Int64

    /// Throws `ServiceError`: what the asker is to be answered.
    init(_ request: ExplainRequest, claims: [Text: Text], of mirror: Mirror) throws(ServiceError) {
        let known = mirror.state
        guard let catalogue = known.catalogue, let layout = known.position?.layout else {
            throw ServiceError(.notReady, "the mirror is being copied: try again shortly")
        }
        self.catalogue = catalogue
        self.layout = layout
        do throws(ShapeError) {
            shape = try Shape(
                resolving: request.definition, in: catalogue,
                access: ReadAccess(rules: mirror.rules, claims: claims))
        } catch {
            throw .badRequest("request.definition: \(error)")
        }
        table = request.table
        guard shape.tables.contains(request.table), let table = catalogue[request.table] else {
            let tables = shape.tables.map(\.description).joined(separator: ", ")
            throw .badRequest(
                "request.table: the shape has no rows of \(request.table): ask for a row of \(tables)")
        }
        do throws(RowName.Problem) {
            key = try RowName(request.key.map { (column: $0.column, value: $0.value) }, in: table).key
        } catch {
            throw .badRequest("request.key: \(error.message)")
        }
    }

    /// Everything is read in one transaction. `not_ready` where the mirror has become another since.
    func answer(_ db: Database) throws -> ExplainAnswer {
        guard let position = try MirrorPosition.read(in: db), position.layout == layout, position.unsettled == nil
        else { throw ServiceError(.notReady, "tables that changed are being read anew: try again shortly") }
        let source = MirrorSource(db: db, schema: catalogue)
        var subselects = SubselectStore()
        for predicate in shape.nodes.compactMap(\.predicate) {
            try subselects.retain(predicate, in: source, schema: catalogue)
        }
        let view = EngineView(now: Mirror.engineTime(position.committedAt), subselects: subselects, schema: catalogue)
        let explanation = try ShapeMaintenance.explain(key, of: table, in: shape, source: source, view: view)
        return ExplainAnswer(position: position.position, explanation: explanation)
    }
}
