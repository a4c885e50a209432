/// What the simulator checks, by the promises of the design that apply to it.
package enum Promise: String, CaseIterable, Hashable, Sendable {
    /// 1. What was answered is kept, and applied once or reported.
    case exactlyOnce = "exactly-once"
    /// 2. With queues empty every replica equals the database.
    case convergence
    /// 3. A shape's log equals its evaluation from scratch, after every transaction.
    case shapes
    /// 4. A transaction is seen whole or not at all, over all shapes of a daemon.
    case atomicity
    /// 5. An own write does not disappear before its effect has come back.
    case ownWrites = "own-writes"
    /// 6. Operations of one replica on one row take effect in their order.
    case order
    /// 7. No row outside the read rules leaves the service, and a permission that is lost takes its rows along.
    case sight
    /// 8. After faults everything drains by itself.
    case liveness
    /// 9. What is kept is bounded.
    case bounds
}

package struct Violation: Hashable, Sendable, CustomStringConvertible {
    package let promise: Promise
    package let tick: Int
    package let message: String

    package init(promise: Promise, tick: Int, message: String) {
        self.promise = promise
        self.tick = tick
        self.message = message
    }

    package var description: String { "tick \(tick): \(promise.rawValue): \(message)" }
}

/// Deliberate faults in the simulated world, one for each promise: a checker that does not notice its own is
/// worth nothing.
package enum Canary: String, CaseIterable, Hashable, Sendable {
    /// The database forgets how far a replica has come, so that a repeated request is carried out again.
    case doubleApply = "double-apply"
    /// The service answers a batch that it did not commit.
    case lostCommit = "lost-commit"
    /// A message of the stream is lost on its way.
    case lostMessage = "lost-message"
    /// The mirror misses a change.
    case skippedChange = "skipped-change"
    /// A transaction reaches a daemon in two parts.
    case tornTransaction = "torn-transaction"
    /// Operations count as confirmed before their effect has come.
    case earlyEcho = "early-echo"
    /// Two operations on one row change places.
    case reorder
    /// The service has no rule for one of the tables.
    case forgottenRule = "forgotten-rule"
    /// Answers to one daemon's operations never arrive.
    case stuck
    /// The service is never told which verdicts it may forget.
    case leak

    package var promise: Promise {
        switch self {
        case .doubleApply, .lostCommit: .exactlyOnce
        case .lostMessage: .convergence
        case .skippedChange: .shapes
        case .tornTransaction: .atomicity
        case .earlyEcho: .ownWrites
        case .reorder: .order
        case .forgottenRule: .sight
        case .stuck: .liveness
        case .leak: .bounds
        }
    }
}
