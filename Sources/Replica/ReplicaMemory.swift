import TableStore
import GRDB
import Merge
import Shapes
import SyncModel

/// What the replica knows by heart: a copy of the small part of its file. A transaction works on a copy of its
/// own, which replaces this one when, and only when, it is committed.
struct ReplicaMemory {
    var id: ReplicaID
    /// The history that the confirmed rows belong to.
    var epoch: Epoch?
    /// The history that the sequence numbers belong to.
    var queueEpoch: Epoch?
    var schema: DatabaseSchema?
    var dataModel: String?
    var clock: HybridClock
    /// The service's clock, when last heard of.
    var serviceClock: HybridTimestamp
    /// The next operation that is sent for the first time gets this one.
    var nextSeq: Int64
    /// Operations up to this seq have come back in the rows that are in view.
    var confirmedSeq: Int64
    var isPaused: Bool
    var views: ViewMemory
    var recency: ShapeRecency
    /// In the order in which they were first held.
    var shapes: [HeldRecord]
    var sets: MembershipSets
    var counts: [OperationState: Int]
    /// Operations of which something lost a merge.
    var mergedCount: Int
    /// Overlay rows by table; tables without any are not there.
    var overlaid: [TableName: Int]
    /// Rows kept as they stood.
    var keptCount = 0
    /// The foreign keys that point to a table, from all tables in name order.
    var references: [TableName: [Reference]]
    var sequence: Int64 = 0

    struct Reference {
        let child: TableSchema
        let columns: [Int]
        let parentColumns: [Int]
        let onDelete: ReferentialAction
    }

    /// Operations that are not confirmed, parked ones included.
    var unconfirmed: Int {
        OperationState.allCases.reduce(0) { $0 + ($1 == .confirmed ? 0 : counts[$1, default: 0]) }
    }

    func table(_ name: TableName) -> TableSchema? { schema?[name] }

    func index(of shape: Int64) -> Int? { shapes.firstIndex { $0.number == shape } }

    /// Those that somebody asked for.
    var asked: [HeldRecord] { shapes.filter { $0.aheadOf == nil } }

    /// The one that has the look-ahead rows of a shape's windows, once it is whole.
    func ahead(of shape: Int64) -> HeldRecord? {
        shapes.first { $0.aheadOf == shape && $0.isVisible && $0.ended == nil }
    }

    mutating func move(from: OperationState?, to: OperationState?) {
        if let from { counts[from, default: 0] -= 1 }
        if let to { counts[to, default: 0] += 1 }
    }

    mutating func judge(from: Verdict.Outcome?, to: Verdict.Outcome?) {
        mergedCount += (to == .merged ? 1 : 0) - (from == .merged ? 1 : 0)
    }

    mutating func adopt(_ schema: DatabaseSchema?) {
        self.schema = schema
        references = Self.references(in: schema)
        for index in shapes.indices {
            // What the new schema does not have, the service will say of the shape.
            shapes[index].resolved = schema.flatMap { try? ResolvedShape(shapes[index].definition, in: $0) }
        }
    }

    private static func references(in schema: DatabaseSchema?) -> [TableName: [Reference]] {
        var references: [TableName: [Reference]] = [:]
        for child in schema?.tables ?? [] {
            for key in child.foreignKeys {
                guard let parent = schema?[key.references] else { continue }
                let columns = key.columns.compactMap(child.index(of:))
                let parentColumns = key.referencedColumns.compactMap(parent.index(of:))
                guard columns.count == key.columns.count, parentColumns.count == columns.count else { continue }
                references[key.references, default: []].append(
                    Reference(child: child, columns: columns, parentColumns: parentColumns, onDelete: key.onDelete))
            }
        }
        return references
    }
}

extension ReplicaMemory {
    init(in db: Database) throws {
        id = ReplicaID(try StateName.replica.text(in: db) ?? "")
        epoch = try StateName.epoch.text(in: db).flatMap { Epoch($0) }
        queueEpoch = try StateName.queueEpoch.text(in: db).flatMap { Epoch($0) }
        dataModel = try StateName.dataModel.text(in: db)
        // The clock of a submission is in its operations alone, one page less to sync; whoever deletes them stores it.
        clock = HybridClock(
            last: HybridTimestamp(
                microseconds: max(try StateName.clock.integer(in: db) ?? 0, try OperationTable.lastClock(in: db) ?? 0)))
        serviceClock = HybridTimestamp(microseconds: try StateName.serviceClock.integer(in: db) ?? 0)
        nextSeq = try StateName.nextSeq.integer(in: db) ?? 1
        confirmedSeq = try StateName.confirmedSeq.integer(in: db) ?? 0
        isPaused = try StateName.isPaused.integer(in: db) == 1
        views = try StateName.views.text(in: db).map { ViewMemory(text: $0) } ?? ViewMemory()
        recency = try StateName.recency.text(in: db).map { ShapeRecency(text: $0) } ?? ShapeRecency()
        sets = try MembershipSets(in: db)
        counts = try OperationTable.counts(in: db)
        mergedCount = try OperationTable.merged(in: db)
        shapes = try ShapeTable.all(in: db)
        overlaid = [:]
        references = [:]
        adopt(try StateName.schema.text(in: db).flatMap { try SchemaText.read($0) })
        for table in schema?.tables ?? [] {
            let count = try ReplicaStores().overlay.count(of: table, in: db)
            if count > 0 { overlaid[table.name] = count }
            keptCount += try ReplicaStores().kept.count(of: table, in: db)
        }
    }
}
