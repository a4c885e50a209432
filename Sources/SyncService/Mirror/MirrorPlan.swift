import SyncModel

/// Whether the stream can go on where the mirror stands, or tables have to be read anew.
///
/// | mirror | server | slot | decision |
/// |---|---|---|---|
/// | empty | any | any | copy |
/// | copied | other system identifier or timeline | any | compare all |
/// | copied | same | none, or its WAL is gone | compare all |
/// | copied | same | confirmed beyond the mirror's resume point | compare all: streaming would skip what lies between |
/// | copied | same, catalogue differs, or a resync was begun | any | compare those tables, and go on |
/// | copied | same | otherwise | resume |
package enum MirrorPlan: Equatable {
    case resume(at: LSN)
    /// A new slot; every table is taken.
    case copy(because: String)
    /// A new slot; every table is compared, and shapes go on with what differs.
    case compareAll(because: String)
    /// The slot stays. No tables: only the catalogue is another.
    case compare([TableName], because: String)

    package struct Slot: Equatable {
        package let confirmed: LSN
        /// `pg_replication_slots.wal_status` is `lost`.
        package let isLost: Bool

        package init(confirmed: LSN, isLost: Bool) {
            self.confirmed = confirmed
            self.isLost = isLost
        }
    }

    /// What is not as the mirror knows it.
    package struct Doubt: Equatable {
        package var tables: [TableName]
        package var isCatalogueSame: Bool

        package init(tables: [TableName] = [], isCatalogueSame: Bool = true) {
            self.tables = tables
            self.isCatalogueSame = isCatalogueSame
        }
    }

    package static func decide(
        mirror: MirrorPosition?, server: Epoch, slot: Slot?, doubt: Doubt = Doubt()
    ) -> MirrorPlan {
        guard let mirror else { return .copy(because: "there is no mirror yet") }
        if mirror.epoch.systemIdentifier != server.systemIdentifier {
            return .compareAll(
                because: "another database: epoch \(server) where the mirror was copied from \(mirror.epoch)")
        }
        if mirror.epoch.timeline != server.timeline {
            return .compareAll(because: "the database went over to timeline \(server.timeline), a new epoch")
        }
        guard let slot else { return .compareAll(because: "the replication slot is gone") }
        if slot.isLost { return .compareAll(because: "the replication slot lost its write-ahead log") }
        if slot.confirmed > mirror.resume {
            return .compareAll(because: "the slot stands at \(slot.confirmed), beyond the mirror's \(mirror.resume)")
        }
        let tables = Set(doubt.tables).union(mirror.unsettled?.tables ?? []).sorted()
        if !tables.isEmpty {
            let names = tables.map(\.description).joined(separator: ", ")
            return .compare(tables, because: "published tables or their columns changed: \(names)")
        }
        if !doubt.isCatalogueSame {
            return .compare([], because: "keys, defaults or constraints of published tables changed")
        }
        return .resume(at: mirror.resume)
    }
}
