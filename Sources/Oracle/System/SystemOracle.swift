import Foundation
import Postgres
import SeededRandom

/// The third layer of the oracle: the real programs over a real PostgreSQL. Daemons, and a reader that knows nothing
/// but HTTP, follow generated shapes while plain SQL and operations write, and while programs are killed, the slot
/// goes, tables change and PostgreSQL is restarted. When all has settled, everybody holds what PostgreSQL answers.
///
/// Tables, shapes, statements and faults follow from the seed; what the processes do at the same time does not, nor
/// which rows there are for a statement or an operation to find.
package struct SystemOracle {
    private let cluster: PrivateCluster
    private let programs: URL
    private let directory: String
    private var random: SeededGenerator
    private(set) var report: SystemReport

    /// - Parameters:
    ///   - cluster: runs, and is stopped and started.
    ///   - programs: the folder of `satchel-service` and `satcheld`.
    ///   - directory: exists, and has a short path: sockets are made in it.
    package init(cluster: PrivateCluster, programs: URL, directory: String, seed: UInt64) {
        self.cluster = cluster
        self.programs = programs
        self.directory = directory
        random = SeededGenerator(mixing: seed)
        report = SystemReport(seed: seed)
    }

    /// Worlds, each with every fault, until there are `cases` comparisons.
    package mutating func run(cases: Int) throws -> SystemReport {
        while report.comparisons < cases, report.mismatchCount == 0 {
            report.worlds += 1
            let name = "w\(report.worlds)"
            do {
                let world = try SystemWorld(
                    name, cluster: cluster, programs: programs, directory: "\(directory)/\(name)", seed: random.next())
                let outcome = Result { try world.run(&report) }
                let end = Result { try world.end() }
                try outcome.get()
                try end.get()
            } catch {
                report.note("world \(report.worlds): \(error)")
            }
        }
        return report
    }
}
