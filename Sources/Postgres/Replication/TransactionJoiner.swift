import SyncModel

/// What a stream hands out to an owner that takes transactions whole.
package enum StreamEvent: Hashable, Sendable {
    case transaction(SourceTransaction)
    /// A message outside of transactions.
    case message(LogicalMessage)
    /// Everything up to and including this position has been handed out.
    case frontier(LSN)
}

/// Joins the slices of a transaction. Its memory is bounded by the largest transaction only.
package struct TransactionJoiner {
    private var header: SourceTransactionHeader?
    private var events: [SourceEvent] = []

    package init() {}

    /// nil while the transaction is not whole. Events MUST come in the order of the stream.
    package mutating func received(_ event: ReplicationEvent) -> StreamEvent? {
        switch event {
        case .begin(let header):
            self.header = header
            events = []
            return nil
        case .slice(let slice):
            // The one slice of a small transaction is taken as it is, without a copy.
            if events.isEmpty { events = slice } else { events += slice }
            return nil
        case .commit(let end):
            guard let header else { preconditionFailure("a commit without its begin") }
            defer {
                self.header = nil
                events = []
            }
            return .transaction(
                SourceTransaction(
                    xid: header.xid, position: header.position, end: end, committedAt: header.committedAt,
                    events: events))
        case .message(let message): return .message(message)
        case .frontier(let position): return .frontier(position)
        }
    }
}
