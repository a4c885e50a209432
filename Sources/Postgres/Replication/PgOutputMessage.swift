import SyncModel

/// One message of the output plugin pgoutput, protocol version 1 (PostgreSQL manual, "Logical Replication
/// Message Formats").
enum PgOutputMessage: Hashable, Sendable {
    /// `position`: where the commit record starts. Times are microseconds since 1970.
    case begin(position: LSN, committedAt: Int64, xid: UInt32)
    /// `end`: just past the commit record.
    case commit(position: LSN, end: LSN, committedAt: Int64)
    case origin(position: LSN, name: String)
    case relation(SourceRelation)
    /// Precedes a relation with a column of a type that is not built in.
    case type(oid: UInt32, name: TableName)
    case insert(relation: UInt32, new: [SourceChange.Field])
    case update(relation: UInt32, old: [SourceChange.Field]?, new: [SourceChange.Field])
    case delete(relation: UInt32, old: [SourceChange.Field])
    case truncate(relations: [UInt32])
    case message(LogicalMessage)
}
