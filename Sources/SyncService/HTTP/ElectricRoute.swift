import JSONText
import Shapes
import SyncModel
import SyncProtocol

/// `GET /v1/shape`: one-table shapes as Electric 1.7's server answers them.
struct ElectricRoute: Sendable {
    let mirror: Mirror
    let limits: Mirror.ShapeLimits
    /// How long a live request is held.
    let hold: Duration
    /// How long the first chunk may be taken from a cache; nil: as Electric's server says.
    let cacheSeconds: Int?
    let now: @Sendable () -> HybridTimestamp
    /// In 1...3600, for cursors.
    let random: @Sendable () -> Int64

    func answer(
        query: [(name: String, value: String)], isGet: Bool, from person: Person
    ) async -> ElectricAnswer {
        do {
            let parameters = try ElectricParameters(query)
            return try await answer(
                parameters, isGet: isGet, ReadAccess(rules: mirror.rules, claims: person.claims))
        } catch let invalid as ElectricParameters.Invalid {
            return .invalid(invalid.field, invalid.message)
        } catch let error as ShapeError where error.code == .notPermitted {
            return .error(403, ["message": .string(error.message)])
        } catch let error as ShapeError {
            return .invalid(error.field ?? "where", error.message)
        } catch let error as ServiceError {
            return error.code == .notReady
                ? .unavailable(error.message) : .error(error.code.status, ["message": .string(error.message)])
        } catch let table as CatalogueTable {
            return .error(500, ["message": .string(table.message)])
        } catch {
            return .error(500, ["error": "Internal server error"])
        }
    }

    private func answer(
        _ parameters: ElectricParameters, isGet: Bool, _ access: ReadAccess
    ) async throws -> ElectricAnswer {
        let (definition, table) = try asked(parameters)
        let form = ShapeForm.electric(full: parameters.isFull, changesOnly: parameters.isChangesOnly)
        let kept = try await kept(definition, form, parameters, access)
        let reader = ElectricReader(route: self, parameters: parameters, kept: kept, table: table, isGet: isGet)
        try reader.begin()
        if let gap = reader.gap() {
            // A client that is told the handle it has would ask again. A shape that began behind the gap was never
            // told in it.
            if kept.snapshotTx < gap.tx { try await mirror.supersede(kept) }
            return .mustRefetch(nil)
        }
        guard case .at(let offset) = parameters.offset else { return try reader.fromNow() }
        if offset == .beforeAll { return try await reader.firstChunk() }
        guard parameters.handle == kept.handle else { return reader.mustRefetch(kept.handle) }
        return parameters.isLive ? try await reader.live(after: offset) : try await reader.next(after: offset)
    }

    /// Not inlined, like all that does not wait: what it needs would stand in the frames of requests that do.
    @inline(never) private func asked(
        _ parameters: ElectricParameters
    ) throws -> (definition: ShapeDefinition, table: TableSchema) {
        guard let catalogue = mirror.catalogue else {
            throw ServiceError(.notReady, "the mirror is being copied: try again shortly")
        }
        guard let table = catalogue[parameters.table] else { throw Self.missing(parameters.table) }
        let definition = try ShapeDefinition(
            table: table.name, where: parameters.condition, parameters: parameters.parameters.map { Text($0) },
            columns: parameters.columns)
        // Electric's clients do not expect rows to move by themselves, and its server has no NOW().
        if try Shape(resolving: definition, in: catalogue).nodes[0].predicate?.usesNow == true {
            throw ShapeError(
                .badCondition, "At location 0: unknown or unsupported function now/0", field: "where")
        }
        return (definition, table)
    }

    private static func missing(_ table: TableName) -> any Error {
        if table.schema == "pg_catalog" { return CatalogueTable(name: table.name) }
        let name = "\"\(table.schema)\".\"\(table.name)\""
        return ElectricParameters.Invalid(
            field: "table",
            message: "Table \(name) does not exist. If the table name contains capitals or special characters "
                + "you must quote it.")
    }

    /// What Electric's server fails for, whose publication takes no catalogue table.
    private struct CatalogueTable: Error {
        let name: String

        var message: String {
            "Unexpected error while creating snapshot: cannot add relation \"\(name)\" to publication"
        }
    }

    /// The log that the asker follows, where it may go on with it; otherwise the one that is found by the definition.
    private func kept(
        _ definition: ShapeDefinition, _ form: ShapeForm, _ parameters: ElectricParameters, _ access: ReadAccess
    ) async throws -> KeptShape {
        if case .at(let offset) = parameters.offset, offset != .beforeAll,
            let known = mirror.keptShape(parameters.handle),
            known.serves(definition, form, access), known.continues(after: offset)
        {
            return known
        }
        return try await mirror.keep(definition, form: form, access: access, limits: limits)
    }
}
