import GRDB
import SyncModel
import TableStore

/// The synced tables of the replica, four times over.
struct ReplicaStores {
    /// Rows as the service sent them. Never edited by a local write.
    let confirmed = TableStore(prefix: "row", extras: Self.confirmedExtras)
    /// Rows that look different locally: with queued operations on top, hidden, or in other shapes.
    let overlay = TableStore(prefix: "overlay", extras: ["members", "hiding", "pending"])
    /// Confirmed rows that went while operations on them are queued, as they stood.
    let kept = TableStore(prefix: "kept", extras: Self.confirmedExtras)

    private static let confirmedExtras = ["version", "clock", "members"]

    /// The rows of a shape's new life, until it is whole.
    func loading(_ shape: Int64) -> TableStore {
        TableStore(prefix: "load \(HeldRecord.id(shape))", extras: Self.confirmedExtras)
    }

    func create(_ schema: TableSchema, in db: Database) throws {
        try confirmed.create(schema, in: db)
        try overlay.create(schema, in: db)
        try kept.create(schema, in: db)
    }

    /// But for what is kept.
    func drop(_ table: TableName, in db: Database) throws {
        try confirmed.drop(table, in: db)
        try overlay.drop(table, in: db)
    }
}

/// A row of `confirmed`, `kept` or a loading store.
struct ConfirmedRow {
    var row: SyncedRow
    var clock: RowClock
    /// Which shapes it is in.
    var members: Int64

    init(row: SyncedRow, clock: RowClock, members: Int64) {
        self.row = row
        self.clock = clock
        self.members = members
    }

    init(_ stored: StoredRow) {
        row = stored.row
        clock = RowClock(version: stored.extras[0], clock: HybridTimestamp(microseconds: stored.extras[1]))
        members = stored.extras[2]
    }

    func stored(_ key: RowKey) -> StoredRow {
        StoredRow(key: key, row: row, extras: [clock.version, clock.clock.microseconds, members])
    }
}

/// A row of `overlay`.
struct OverlayRow: Equatable {
    var row: SyncedRow
    /// Which shapes it is in, locally.
    var members: Int64
    var hiding: Hiding
    var isPending: Bool

    var isHidden: Bool { hiding != .shown }

    enum Hiding: Int64 {
        case shown = 0
        /// A queued operation deletes it.
        case deleted = 1
        /// It goes with a row that a queued operation deletes.
        case cascaded = 2
    }

    init(row: SyncedRow, members: Int64, hiding: Hiding, isPending: Bool) {
        self.row = row
        self.members = members
        self.hiding = hiding
        self.isPending = isPending
    }

    init(_ stored: StoredRow) {
        row = stored.row
        members = stored.extras[0]
        hiding = Hiding(rawValue: stored.extras[1]) ?? .shown
        isPending = stored.extras[2] != 0
    }

    func stored(_ key: RowKey) -> StoredRow {
        StoredRow(key: key, row: row, extras: [members, hiding.rawValue, isPending ? 1 : 0])
    }
}
