import SyncModel

/// What a transaction says of itself before its changes.
package struct SourceTransactionHeader: Hashable, Sendable {
    package let xid: UInt32
    /// LSN of the commit record's start.
    package let position: LSN
    /// Microseconds since 1970.
    package let committedAt: Int64

    package init(xid: UInt32, position: LSN, committedAt: Int64) {
        self.xid = xid
        self.position = position
        self.committedAt = committedAt
    }

    package init(_ transaction: SourceTransaction) {
        self.init(xid: transaction.xid, position: transaction.position, committedAt: transaction.committedAt)
    }
}

/// What the stream hands out, in order. A transaction is `begin`, any number of slices, `commit`.
package enum ReplicationEvent: Hashable, Sendable {
    case begin(SourceTransactionHeader)
    /// Not empty.
    case slice([SourceEvent])
    /// `end`: just past the commit record.
    case commit(end: LSN)
    /// A message outside of transactions. Never between `begin` and `commit`.
    case message(LogicalMessage)
    /// Everything up to and including this position has been handed out. Rises; never inside a transaction.
    case frontier(LSN)
}

/// Puts pgoutput's messages together into transactions, with the tables' names and columns filled in.
///
/// Events are collected up to `sliceLimit` received bytes and then handed out, so that a transaction of any
/// size takes bounded memory. Nothing of a transaction counts before its commit: when the connection breaks,
/// its owner drops the slices, and the next stream sends the transaction again.
struct TransactionAssembler {
    private let sliceLimit: Int
    private var relations: [UInt32: SourceRelation] = [:]
    private var header: SourceTransactionHeader?
    private var events: [SourceEvent] = []
    private var byteCount = 0

    /// Default slice limit, in bytes.
    static let defaultSliceLimit = 64 << 20

    init(sliceLimit: Int = Self.defaultSliceLimit) {
        precondition(sliceLimit > 0, "a slice holds something")
        self.sliceLimit = sliceLimit
    }

    var isInTransaction: Bool { header != nil }

    /// `byteCount`: the size of the message as received.
    mutating func received(
        _ message: PgOutputMessage, byteCount: Int
    ) throws(PostgresError) -> [ReplicationEvent] {
        switch message {
        case .begin(let position, let committedAt, let xid):
            guard header == nil else { throw ByteReader.malformed("a transaction begins inside another") }
            let header = SourceTransactionHeader(xid: xid, position: position, committedAt: committedAt)
            self.header = header
            return [.begin(header)]
        case .commit(let position, let end, _):
            guard let header, header.position == position, end > position else {
                throw ByteReader.malformed("the commit at \(position) does not match what began")
            }
            self.header = nil
            return takeSlice() + [.commit(end: end)]
        case .message(let message) where !message.isTransactional:
            guard header == nil else { throw ByteReader.malformed("a free message inside a transaction") }
            return [.message(message)]
        case .origin, .type:
            return []
        case .message(let message):
            return try collect(.message(message), byteCount)
        case .relation(let relation):
            relations[relation.oid] = relation
            return try collect(.relation(relation), byteCount)
        case .truncate(let oids):
            var tables: [TableName] = []
            for oid in oids { tables.append(try relation(oid).table) }
            return try collect(.truncate(tables), byteCount)
        case .insert(let oid, let new):
            return try collect(change(.insert, oid, old: nil, new: new), byteCount)
        case .update(let oid, let old, let new):
            return try collect(change(.update, oid, old: old, new: new), byteCount)
        case .delete(let oid, let old):
            return try collect(change(.delete, oid, old: old, new: nil), byteCount)
        }
    }

    private func change(
        _ kind: SourceChange.Kind, _ oid: UInt32, old: [SourceChange.Field]?, new: [SourceChange.Field]?
    ) throws(PostgresError) -> SourceEvent {
        let relation = try relation(oid)
        for case .some(let tuple) in [old, new] where tuple.count != relation.columns.count {
            throw ByteReader.malformed(
                "a row of \(relation.table) has \(tuple.count) values for \(relation.columns.count) columns")
        }
        return .change(
            SourceChange(kind: kind, table: relation.table, columns: relation.columns, old: old, new: new))
    }

    private func relation(_ oid: UInt32) throws(PostgresError) -> SourceRelation {
        guard let relation = relations[oid] else {
            throw ByteReader.malformed("the table with oid \(oid) was never described")
        }
        return relation
    }

    private mutating func collect(
        _ event: SourceEvent, _ byteCount: Int
    ) throws(PostgresError) -> [ReplicationEvent] {
        guard header != nil else { throw ByteReader.malformed("a change outside of a transaction") }
        events.append(event)
        self.byteCount += byteCount
        return self.byteCount >= sliceLimit ? takeSlice() : []
    }

    private mutating func takeSlice() -> [ReplicationEvent] {
        guard !events.isEmpty else { return [] }
        defer {
            events = []
            byteCount = 0
        }
        return [.slice(events)]
    }
}
