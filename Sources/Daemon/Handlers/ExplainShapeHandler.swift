import DaemonProtocol
import JSONRPC
import Replica
import Shapes
import SyncClient
import SyncModel
import SyncProtocol

/// A row of a shape that the replica's schema has both of.
struct RowQuestion {
    let shape: Shape
    let table: TableName
    let name: RowName
    /// Milliseconds that the service may take.
    let wait: Int
}

/// The service is asked where it is there, because it has what decides. The device answers otherwise, and says what it
/// cannot decide.
enum ExplainShapeHandler: RequestHandler {
    typealias Method = ExplainShape

    /// Requests to the service at a time.
    private static let limit = 4

    static func answer(
        _ params: ExplainShape.Params, _ caller: Caller, _ core: DaemonCore
    ) throws(ResponseError) -> ExplainShape.Result? {
        let question = try core.question(params, of: caller)
        switch core.coordinator.connection {
        case .offline, .refused: return try core.answer(question, because: core.coordinator.connection.readableReason)
        case .connected:
            if params.wait == 0 || core.isStopping { return try core.answer(question, because: nil) }
            guard core.explaining.count < limit else {
                return try core.answer(question, because: "the service is being asked about \(limit) rows already")
            }
            let id = core.wait(caller, for: .explanation(question), timeout: params.wait)
            core.ask(
                ExplainRequest(
                    definition: question.shape.definition, table: question.table, key: question.name.values), for: id)
            return nil
        }
    }
}

extension DaemonCore {
    fileprivate func question(
        _ params: ExplainShape.Params, of caller: Caller
    ) throws(ResponseError) -> RowQuestion {
        let definition: ShapeDefinition
        switch params.source {
        case .definition(let json): definition = try self.definition(json)
        case .subscription(let id):
            guard let held = replica.heldShape(try subscription(id, of: caller).shape) else {
                throw ResponseError(.unknownSubscription, "The shape of that subscription is gone: subscribe again.")
            }
            definition = held.definition
        }
        guard let schema = replica.schema else {
            throw ResponseError(
                .schemaUnknown,
                "The service has not been reached yet, so its tables are not known: try again when the daemon is connected."
            )
        }
        let shape: Shape
        do throws(ShapeError) {
            shape = try Shape(resolving: definition, in: schema)
        } catch {
            throw ResponseError(.invalidShape, replica.advice(on: definition) ?? error.description)
        }
        guard shape.tables.contains(params.table), let table = schema[params.table] else {
            let tables = shape.tables.map(\.description).joined(separator: ", ")
            throw ResponseError(
                .invalidParams, "table: the shape has no rows of \(params.table); ask for a row of \(tables).")
        }
        do throws(RowName.Problem) {
            return RowQuestion(
                shape: shape, table: params.table, name: try RowName(Self.values(params.key, table), in: table),
                wait: params.wait)
        } catch {
            throw ResponseError(.invalidParams, "key: \(error.message).")
        }
    }

    /// In a table without a key, columns that are not named are NULL, as in the rows of `shape/read`.
    private static func values(_ key: KeyValues, _ table: TableSchema) -> [(column: String, value: Text?)] {
        let given: [(column: String, value: Text?)] = key.fields.map { ($0.column, $0.text) }
        guard table.primaryKey.isEmpty else { return given }
        let names = Set(key.fields.map { Text($0.column) })
        return given + table.columns.filter { !names.contains(Text($0.name)) }.map { ($0.name, nil) }
    }

    /// What the device knows. `because`: why the service was not asked, or did not answer; nil: it was not wanted.
    fileprivate func answer(
        _ question: RowQuestion, because reason: String?
    ) throws(ResponseError) -> ExplainShape.Result {
        let local = try local(question)
        return ExplainShape.Result(
            origin: .device, reason: reason, position: nil, explanation: local.explanation, device: local.held)
    }

    private func local(_ question: RowQuestion) throws(ResponseError) -> LocalExplanation {
        try answering { () throws(ReplicaError) in
            try replica.explain(question.name, of: question.table, in: question.shape)
        }
    }

    func explained(_ id: WaiterID, _ answer: Result<ExplainAnswer, RequestFailure>) {
        explaining[id] = nil
        if case .failure(.service(let error, _)) = answer, error.code == .unauthorized {
            _ = surroundings.credentials.reload()
        }
        guard let waiter = waiters[id], case .explanation(let question) = waiter.wish else { return }
        finish(waiter, outcome(of: question, answer))
    }

    private func outcome(of question: RowQuestion, _ answer: Result<ExplainAnswer, RequestFailure>) -> Response.Outcome
    {
        switch answer {
        case .success(let answer):
            return outcome { () throws(ResponseError) in
                ExplainShape.Result(
                    origin: .service, reason: nil, position: String(answer.position), explanation: answer.explanation,
                    device: try local(question).held)
            }
        case .failure(.service(let error, _)) where error.code == .badRequest:
            // Its schema may be newer, and nobody may read a table here without a rule.
            return .error(ResponseError(.invalidShape, error.message))
        case .failure(let failure): return outcome(of: question, because: failure.status.readableReason)
        }
    }

    func outcome(of question: RowQuestion, because reason: String?) -> Response.Outcome {
        outcome { () throws(ResponseError) in try answer(question, because: reason) }
    }

    private func outcome(_ body: () throws(ResponseError) -> ExplainShape.Result) -> Response.Outcome {
        do throws(ResponseError) {
            return .result(try body().json)
        } catch {
            return .error(error)
        }
    }
}

extension LocalExplanation {
    fileprivate var held: ExplainShape.Held {
        ExplainShape.Held(isHeld: isHeld, shapes: shapes, operations: operations.map(\.summary))
    }
}

extension ConnectionStatus {
    /// Why the service does not answer; nil where it does.
    fileprivate var readableReason: String? {
        switch self {
        case .offline(let reason): reason?.message ?? "the service was not reached yet, or sync is paused"
        case .refused(let reason): reason.message
        case .connected: nil
        }
    }
}
