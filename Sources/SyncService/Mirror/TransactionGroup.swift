import SyncModel

/// Transactions that arrived together, and are taken in together: what a transaction of SQLite costs beside its rows is
/// more than a row costs.
///
/// Nothing is waited for: a group is as large as what had arrived while the one before it was taken in, up to limits
/// that keep its readers, who are told at its end, from waiting for long.
struct TransactionGroup {
    private var transactions: [SourceTransaction] = []
    private var events = 0
    private var bytes = 0

    static let transactionLimit = 256
    static let eventLimit = 2_000
    /// Of rows, as received.
    static let byteLimit = 4 << 20

    var isEmpty: Bool { transactions.isEmpty }

    var isFull: Bool {
        transactions.count >= Self.transactionLimit || events >= Self.eventLimit || bytes >= Self.byteLimit
    }

    mutating func add(_ transaction: SourceTransaction) {
        transactions.append(transaction)
        events += transaction.events.count
        bytes += transaction.events.reduce(0) { $0 + $1.byteCount }
    }

    mutating func take() -> [SourceTransaction] {
        defer { self = TransactionGroup() }
        return transactions
    }
}

extension SourceEvent {
    fileprivate var byteCount: Int {
        switch self {
        case .change(let change): Self.count(change.old) + Self.count(change.new)
        case .message(let message): message.content.string.utf8.count
        case .truncate, .relation: 0
        }
    }

    private static func count(_ fields: [SourceChange.Field]?) -> Int {
        fields?.reduce(0) { bytes, field in
            if case .text(let text) = field { bytes + text.string.utf8.count } else { bytes }
        } ?? 0
    }
}
