import JSONRPCTransport
import SyncModel

/// What one connection subscribes to, and what it has missed because it reads too slowly.
struct ClientSession {
    let connection: Connection
    /// In the order in which they were made.
    var subscriptions: [Subscription] = []
    /// The subscriptions of the view that was entered, in its order.
    var view: [String] = []
    /// Nothing is told before `initialize` is answered.
    var isInitialized = false
    var missed = Missed()
    private var lastSubscription = 0

    /// Told when the client has taken what is queued: the latest state of each, once.
    struct Missed {
        var status = false
        /// Ids of subscriptions.
        var shapeStatuses: [String] = []
        var operations: [OperationID] = []

        /// A client that does not listen at all must not grow the daemon. Those beyond are found with
        /// `operation/list`.
        static let maxOperations = 10_000
    }

    init(connection: Connection) {
        self.connection = connection
    }

    /// `isPartial`: rows of a first sync are told as they arrive. `isUnderway`: it is not over.
    mutating func subscribe(
        to shape: String, since sequence: Int64, isPartial: Bool = false, isUnderway: Bool = false
    ) -> String {
        lastSubscription += 1
        let id = "subscription-\(lastSubscription)"
        var subscription = Subscription(id: id, shape: shape, isPartial: isPartial, since: sequence)
        subscription.isIncomplete = isPartial && isUnderway
        subscriptions.append(subscription)
        return id
    }

    /// Some rows of it are void, and come anew.
    var isRefilled: Bool { subscriptions.contains { $0.mode != .current } }

    /// It is told of rows as they arrive.
    var isPartial: Bool { subscriptions.contains(where: \.isPartial) }

    func subscription(_ id: String) -> Subscription? { subscriptions.first { Text($0.id) == Text(id) } }

    mutating func miss(_ operations: [OperationID]) {
        let known = Set(missed.operations)
        missed.operations += operations.filter { !known.contains($0) }
        if missed.operations.count > Missed.maxOperations {
            missed.operations.removeFirst(missed.operations.count - Missed.maxOperations)
        }
    }
}

struct Subscription {
    enum Mode: Hashable {
        /// The client has every change so far.
        case current
        /// What it holds is void; it will get all rows anew.
        case void
        /// It has got the rows up to this cursor anew.
        case refilling(after: String)
    }

    let id: String
    let shape: String
    /// Rows of a first sync are told as they arrive.
    let isPartial: Bool
    /// The client has such rows. At the first frontier they are void.
    var isIncomplete = false
    /// Changes up to it are in the rows that the client was given.
    var since: Int64
    var mode = Mode.current
}
