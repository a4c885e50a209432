import Foundation
import Synchronization

/// Many runs, several at a time. A run has everything of its own, so that what comes of it does not depend on the
/// others.
package enum SimulationBatch {
    package typealias Outcome = Result<SimulationReport, any Error>

    /// A run calls deeply, in debug builds above all.
    private static let stackBytes = 8 << 20

    private struct Progress: Sendable {
        var next = 0
        /// In the order of the plan.
        var outcomes: [Outcome?]
    }

    /// - Parameters:
    ///   - jobs: at a time; at least one.
    ///   - started: called with the place in the plan before each run, which is how one is known that brings the
    ///     process down. Calls come from several threads, one at a time, as those of `ended` do.
    /// - Returns: what came of each, in the order of the plan.
    package static func run(
        _ plan: [SimulationOptions], jobs: Int, started: @escaping @Sendable (Int) -> Void = { _ in },
        ended: @escaping @Sendable (Int, Outcome) -> Void = { _, _ in }
    ) -> [Outcome] {
        let board = Board(plan.count)
        let group = DispatchGroup()
        for _ in 0..<min(max(jobs, 1), plan.count) {
            group.enter()
            let thread = Thread {
                while let place = board.next(started) {
                    let outcome = Outcome { try Simulation.run(plan[place]) }
                    board.note(outcome, at: place, ended)
                }
                group.leave()
            }
            thread.stackSize = stackBytes
            thread.start()
        }
        group.wait()
        return board.outcomes
    }

    private final class Board: Sendable {
        private let progress: Mutex<Progress>

        init(_ count: Int) {
            progress = Mutex(Progress(outcomes: Array(repeating: nil, count: count)))
        }

        var outcomes: [Outcome] { progress.withLock { $0.outcomes.compactMap { $0 } } }

        func next(_ started: (Int) -> Void) -> Int? {
            progress.withLock { progress in
                guard progress.next < progress.outcomes.count else { return nil }
                defer { progress.next += 1 }
                started(progress.next)
                return progress.next
            }
        }

        func note(_ outcome: Outcome, at place: Int, _ ended: (Int, Outcome) -> Void) {
            progress.withLock { progress in
                progress.outcomes[place] = outcome
                ended(place, outcome)
            }
        }
    }
}
