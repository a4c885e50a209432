import Dispatch
import Postgres
import SyncModel
import Synchronization

/// A connection with what was learnt over it and can be used again while it lives.
package final class PooledConnection {
    package let connection: PostgresConnection
    private var operations: PostgresOperationDatabase?

    init(_ connection: PostgresConnection) {
        self.connection = connection
    }

    /// The database as the operation processor needs it. Reading the catalogue for it takes several round trips,
    /// so that it is kept until the schema is another.
    func operationDatabase(for schema: DatabaseSchema) throws -> PostgresOperationDatabase {
        if let operations, operations.schema == schema { return operations }
        let made = try PostgresOperationDatabase(connection: connection, schema: schema)
        operations = made
        return made
    }
}

/// A few connections to PostgreSQL, each used by one thread at a time.
///
/// A lost connection is made anew for the next caller; the caller that lost it gets the error.
package final class ConnectionPool: Sendable {
    /// `@unchecked Sendable` because the connection is touched on `queue` only.
    private final class Worker: @unchecked Sendable {
        let queue: DispatchQueue
        private var pooled: PooledConnection?
        private let conninfo: String

        init(_ number: Int, conninfo: String) {
            queue = DispatchQueue(label: "satchel postgres \(number)")
            self.conninfo = conninfo
        }

        func run<Result>(_ body: (PooledConnection) throws -> Result) throws -> Result {
            defer { if let pooled, !pooled.connection.isAlive { close() } }
            if let pooled { return try body(pooled) }
            let made = PooledConnection(
                try PostgresConnection(conninfo, applicationName: "satchel operations"))
            pooled = made
            return try body(made)
        }

        private func close() {
            pooled?.connection.close()
            pooled = nil
        }
    }

    private struct State {
        var idle: [Worker]
        var waiting: [CheckedContinuation<Worker, Never>] = []
    }

    private let state: Mutex<State>

    package init(conninfo: String, size: Int) {
        state = Mutex(State(idle: (0..<size).map { Worker($0, conninfo: conninfo) }))
    }

    package func run<Result: Sendable>(
        _ body: @escaping @Sendable (PooledConnection) throws -> Result
    ) async throws -> Result {
        let worker = await take()
        defer { give(worker) }
        return try await withCheckedThrowingContinuation { continuation in
            worker.queue.async {
                continuation.resume(with: Swift.Result { try worker.run(body) })
            }
        }
    }

    private func take() async -> Worker {
        await withCheckedContinuation { continuation in
            let worker = state.withLock { state in
                let worker = state.idle.popLast()
                if worker == nil { state.waiting.append(continuation) }
                return worker
            }
            if let worker { continuation.resume(returning: worker) }
        }
    }

    private func give(_ worker: Worker) {
        let next = state.withLock { state in
            guard !state.waiting.isEmpty else {
                state.idle.append(worker)
                return Optional<CheckedContinuation<Worker, Never>>.none
            }
            return state.waiting.removeFirst()
        }
        next?.resume(returning: worker)
    }
}
