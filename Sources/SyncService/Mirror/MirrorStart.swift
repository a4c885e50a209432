import Postgres
import SyncModel

/// What comes before streaming: compares mirror, server and slot, and copies the tables where they do not
/// fit together.
struct MirrorStart {
    let mirror: Mirror
    let configuration: Follower.Configuration
    /// Called on another thread when the slot has to wait for a transaction to end.
    let waiting: @Sendable (RunningTransaction) -> Void

    /// The publication of `satchel.clock`, made by `satchel-service setup`.
    static let ownPublication = "satchel"

    enum Event {
        case decided(MirrorPlan)
        case copied(TableName, rows: Int)
        case finished(rows: Int)
        case refused(TableName, because: String)
    }

    struct NotFit: Error, CustomStringConvertible {
        let description: String
    }

    /// Returns where streaming begins.
    func run(_ report: (Event) -> Void) throws -> LSN {
        let connection = try PostgresConnection(configuration.conninfo, applicationName: "satchel mirror")
        defer { connection.close() }
        let epoch = try SystemIdentification.read(conninfo: configuration.conninfo).epoch
        let slot = try Slot(configuration.slot)
        let status = try slot.status(connection)
        let problems = try ServerInfo.read(connection).problems(needsSlot: status == nil)
        guard problems.isEmpty else { throw NotFit(description: problems.joined(separator: "; ")) }
        let missing = try Bookkeeping.missing(for: configuration.publications, on: connection)
        guard missing.isEmpty else { throw NotFit(description: missing.joined(separator: "; ")) }
        let catalog = try Self.catalogue(connection, configuration)
        for refusal in catalog.refusals { report(.refused(refusal.table, because: refusal.reason)) }
        let plan = MirrorPlan.decide(
            mirror: mirror.state.position, server: epoch,
            slot: status.map { MirrorPlan.Slot(confirmed: $0.confirmedFlush ?? .zero, isLost: $0.isLost) },
            catalogueIsSame: catalog.schema == mirror.catalogue)
        report(.decided(plan))
        switch plan {
        case .resume(let lsn):
            // A walsender that has not noticed yet that its reader is gone would refuse us the slot.
            _ = try slot.release(connection)
            return lsn
        case .copy:
            if status != nil {
                _ = try slot.release(connection)
                try slot.drop(connection)
            }
            return try copy(connection, slot, epoch: epoch, report)
        }
    }

    static func catalogue(
        _ connection: PostgresConnection, _ configuration: Follower.Configuration
    ) throws -> Catalog {
        try Catalog.read(connection, publications: configuration.publications)
    }

    /// A new slot with an exported snapshot, and every table copied in that snapshot. The catalogue is read in it
    /// too: what is copied and what is described are one.
    private func copy(
        _ connection: PostgresConnection, _ slot: Slot, epoch: Epoch, _ report: (Event) -> Void
    ) throws -> LSN {
        let exported = try ExportedSlot(slot, conninfo: configuration.conninfo, waiting: waiting)
        defer { exported.close() }
        var rows: [TableName: Int] = [:]
        try exported.withSnapshot(on: connection) {
            let catalogue = try Self.catalogue(connection, configuration).schema
            try withoutActuallyEscaping(report) { report in
                let copy = MirrorCopy(
                    connection: connection, catalogue: catalogue, epoch: epoch,
                    consistentPoint: exported.consistentPoint
                ) { table, count in
                    rows[table] = count
                    report(.copied(table, rows: count))
                }
                try copy.run(into: mirror)
            }
        }
        report(.finished(rows: rows.values.reduce(0, +)))
        return exported.consistentPoint
    }
}
