/// A committed transaction as logical replication delivered it, before the mirror completes its rows.
package struct SourceTransaction: Hashable, Sendable {
    package let xid: UInt32
    /// LSN of the commit record's start (pgoutput `final_lsn`): the transaction's position.
    package let position: LSN
    /// LSN just past the commit record (pgoutput `end_lsn`).
    package let end: LSN
    /// Microseconds since 1970.
    package let committedAt: Int64
    package let events: [SourceEvent]

    package init(xid: UInt32, position: LSN, end: LSN, committedAt: Int64, events: [SourceEvent]) {
        self.xid = xid
        self.position = position
        self.end = end
        self.committedAt = committedAt
        self.events = events
    }
}

package enum SourceEvent: Hashable, Sendable {
    case change(SourceChange)
    case truncate([TableName])
    case message(LogicalMessage)
    /// The table's columns as the stream describes them from here on.
    case relation(SourceRelation)
}

/// What pgoutput says of a relation: enough to notice that the catalogue has to be read again.
package struct SourceRelation: Hashable, Sendable {
    package let oid: UInt32
    package let table: TableName
    package let columns: [String]
    package let typeOIDs: [UInt32]

    package init(oid: UInt32, table: TableName, columns: [String], typeOIDs: [UInt32]) {
        self.oid = oid
        self.table = table
        self.columns = columns
        self.typeOIDs = typeOIDs
    }
}

/// One row message of pgoutput. Tuples are positional in the relation's columns.
package struct SourceChange: Hashable, Sendable {
    package enum Kind: Hashable, Sendable { case insert, update, delete }

    package enum Field: Hashable, Sendable {
        case null
        case text(Text)
        /// A TOASTed value that the update did not touch: pgoutput leaves it out.
        case unchanged
    }

    package let kind: Kind
    package let table: TableName
    package let columns: [String]
    /// Key columns only, or the whole row, by replica identity. Present for deletes and key changes.
    package let old: [Field]?
    package let new: [Field]?

    package init(kind: Kind, table: TableName, columns: [String], old: [Field]?, new: [Field]?) {
        self.kind = kind
        self.table = table
        self.columns = columns
        self.old = old
        self.new = new
    }
}

/// `pg_logical_emit_message`: how Satchel marks its own transactions in the stream.
package struct LogicalMessage: Hashable, Sendable {
    package let isTransactional: Bool
    package let prefix: String
    package let content: Text
    package let position: LSN

    package init(isTransactional: Bool, prefix: String, content: Text, position: LSN) {
        self.isTransactional = isTransactional
        self.prefix = prefix
        self.content = content
        self.position = position
    }
}
