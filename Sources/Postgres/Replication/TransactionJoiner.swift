import SyncModel

/// What a stream hands out to an owner that takes transactions whole, where they are not too large for that.
package enum StreamEvent: Hashable, Sendable {
    case transaction(SourceTransaction)
    /// A part of a transaction that is too large to be held. Nothing of it counts before its end, and where the stream
    /// breaks off before that, it comes again from its beginning.
    case part(SourceTransactionHeader, [SourceEvent])
    /// All parts of this transaction have come. `end`: just past the commit record.
    case end(SourceTransactionHeader, end: LSN)
    /// A message outside of transactions.
    case message(LogicalMessage)
    /// Everything up to and including this position has been handed out.
    case frontier(LSN)
}

/// Joins the slices of a transaction, up to a limit; what is larger is handed out in parts.
package struct TransactionJoiner {
    private let sliceLimit: Int
    private var header: SourceTransactionHeader?
    private var events: [SourceEvent] = []
    private var sliceCount = 0
    private var isInParts = false

    /// `sliceLimit`: how many slices are held at most.
    package init(sliceLimit: Int = .max) {
        self.sliceLimit = sliceLimit
    }

    /// nil while the transaction is not whole. Events MUST come in the order of the stream.
    package mutating func received(_ event: ReplicationEvent) -> StreamEvent? {
        switch event {
        case .begin(let header):
            self.header = header
            events = []
            sliceCount = 0
            isInParts = false
            return nil
        case .slice(let slice):
            sliceCount += 1
            if isInParts || sliceCount > sliceLimit, let header {
                defer { events = [] }
                isInParts = true
                return .part(header, events + slice)
            }
            // The one slice of a small transaction is taken as it is, without a copy.
            if events.isEmpty { events = slice } else { events += slice }
            return nil
        case .commit(let end):
            guard let header else { preconditionFailure("a commit without its begin") }
            defer {
                self.header = nil
                events = []
            }
            if isInParts { return .end(header, end: end) }
            return .transaction(
                SourceTransaction(
                    xid: header.xid, position: header.position, end: end, committedAt: header.committedAt,
                    events: events))
        case .message(let message): return .message(message)
        case .frontier(let position): return .frontier(position)
        }
    }
}
