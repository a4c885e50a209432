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
        let known = mirror.state
        guard let catalogue = known.catalogue, let layout = known.position?.layout else {
            throw ServiceError(.notReady, "the mirror is being copied: try again shortly")
        }
        let access = ReadAccess(rules: mirror.rules, claims: person.claims)
        let (shape, name) = try Self.resolve(request, in: catalogue, access)
        try begin()
        defer { underway.withLock { $0 -= 1 } }
        return try await mirror.pool.read { db in
            guard let position = try MirrorPosition.read(in: db), position.layout == layout, position.unsettled == nil
            else { throw ServiceError(.notReady, "tables that changed are being read anew: try again shortly") }
            let source = MirrorSource(db: db, schema: catalogue)
            var subselects = SubselectStore()
            for predicate in shape.nodes.compactMap(\.predicate) {
                try subselects.retain(predicate, in: source, schema: catalogue)
            }
            let view = EngineView(
                now: Mirror.engineTime(position.committedAt), subselects: subselects, schema: catalogue)
            let explanation = try ShapeMaintenance.explain(
                name.key, of: request.table, in: shape, source: source, view: view)
            return ExplainAnswer(position: position.position, explanation: explanation)
        }
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

    private static func resolve(
        _ request: ExplainRequest, in catalogue: DatabaseSchema, _ access: ReadAccess
    ) throws(ServiceError) -> (shape: Shape, name: RowName) {
        let shape: Shape
        do throws(ShapeError) {
            shape = try Shape(resolving: request.definition, in: catalogue, access: access)
        } catch {
            throw .badRequest("request.definition: \(error)")
        }
        guard shape.tables.contains(request.table), let table = catalogue[request.table] else {
            let tables = shape.tables.map(\.description).joined(separator: ", ")
            throw .badRequest(
                "request.table: the shape has no rows of \(request.table): ask for a row of \(tables)")
        }
        do throws(RowName.Problem) {
            return (shape, try RowName(request.key.map { (column: $0.column, value: $0.value) }, in: table))
        } catch {
            throw .badRequest("request.key: \(error.message)")
        }
    }
}
