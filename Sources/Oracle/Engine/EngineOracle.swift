import Postgres
import ShapeEngine
import Shapes
import SyncModel

/// The second layer of the oracle: generated schemas, shapes and transactions. What is followed from the engine's
/// changes must be, after every transaction, what PostgreSQL answers to SQL printed from the same definition.
///
/// A world is a schema, some shapes and some transactions, and follows from its own seed.
package struct EngineOracle {
    private let connection: PostgresConnection
    private let seed: UInt64
    private let canary: EngineCanary?
    private(set) var report: EngineReport

    /// - Parameter connection: to a database of its own, of locale C.UTF-8. Schema `public` is dropped.
    /// - Parameter canary: a fault that is to be noticed.
    package init(_ connection: PostgresConnection, seed: UInt64, canary: EngineCanary? = nil) throws {
        self.connection = connection
        self.seed = seed
        self.canary = canary
        report = EngineReport(seed: seed)
        try connection.execute("SET session_replication_role = DEFAULT; SET jit = off")
    }

    /// Worlds that failed once, then new ones until there are `cases` comparisons.
    ///
    /// - Parameter everyPair: and until every pair of features was reached, if that takes no more than four times
    ///   as many.
    package mutating func run(
        cases: Int, everyPair: Bool = false, replaying worlds: [UInt64] = []
    ) throws -> EngineReport {
        for world in worlds { try run(world: world) }
        var next = seed &* 1_000_003
        while report.comparisons < cases
            || (everyPair && !report.unreached.isEmpty && report.comparisons < 4 * cases)
        {
            next &+= 1
            try run(world: next)
        }
        return report
    }

    private mutating func run(world seed: UInt64) throws {
        var world = EngineWorld(seed: seed, canary: canary)
        let before = report.mismatchCount
        do {
            try world.run(connection, &report)
        } catch let error as PostgresError {
            // Our own SQL, or theirs: the world says which.
            report.note("world \(seed): PostgreSQL: \(error)")
        } catch let error as ShapeError {
            report.note("world \(seed): refused: \(error)")
        }
        report.worlds += 1
        if report.mismatchCount > before { report.failedWorlds.append(seed) }
    }
}

extension EngineOracle {
    /// Worlds as they are kept: a number a line; what follows `#` says why.
    package static func worlds(in text: String) -> [UInt64] {
        text.split(separator: "\n").compactMap { line in
            UInt64(line.prefix { $0 != "#" }.filter { !$0.isWhitespace })
        }
    }
}
