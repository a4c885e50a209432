import SyncModel

/// Whether the stream can go on where the mirror stands, or the tables have to be copied anew.
///
/// | mirror | server | slot | decision |
/// |---|---|---|---|
/// | empty | any | any | copy |
/// | copied | other system identifier or timeline | any | copy |
/// | copied | same | none, or its WAL is gone | copy |
/// | copied | same | confirmed beyond the mirror's resume point | copy: streaming would skip what lies between |
/// | copied | same, catalogue differs | any | copy |
/// | copied | same | otherwise | resume |
package enum MirrorPlan: Equatable {
    case resume(at: LSN)
    case copy(because: String)

    package struct Slot: Equatable {
        package let confirmed: LSN
        /// `pg_replication_slots.wal_status` is `lost`.
        package let isLost: Bool

        package init(confirmed: LSN, isLost: Bool) {
            self.confirmed = confirmed
            self.isLost = isLost
        }
    }

    package static func decide(mirror: MirrorPosition?, server: Epoch, slot: Slot?, catalogueIsSame: Bool) -> MirrorPlan
    {
        guard let mirror else { return .copy(because: "there is no mirror yet") }
        if mirror.epoch.systemIdentifier != server.systemIdentifier {
            return .copy(
                because: "another database: epoch \(server) where the mirror was copied from \(mirror.epoch)")
        }
        if mirror.epoch.timeline != server.timeline {
            return .copy(because: "the database went over to timeline \(server.timeline), a new epoch")
        }
        guard let slot else { return .copy(because: "the replication slot is gone") }
        if slot.isLost { return .copy(because: "the replication slot lost its write-ahead log") }
        if slot.confirmed > mirror.resume {
            return .copy(because: "the slot stands at \(slot.confirmed), beyond the mirror's \(mirror.resume)")
        }
        if !catalogueIsSame { return .copy(because: "published tables or their columns changed") }
        return .resume(at: mirror.resume)
    }
}
