import Postgres
import SyncModel

/// What comes before streaming: compares mirror, server and slot, and reads tables anew where they do not
/// fit together.
struct MirrorStart {
    let mirror: Mirror
    let configuration: Follower.Configuration
    /// Tables that the stream described otherwise than the catalogue does.
    let doubted: [TableName]
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
        mirror.change { $0.pending = nil }
        let connection = try PostgresConnection(configuration.conninfo, applicationName: "satchel mirror")
        defer { connection.close() }
        let epoch = try SystemIdentification.read(conninfo: configuration.conninfo).epoch
        let slot = try Slot(configuration.slot)
        let status = try slot.status(connection)
        var problems = try ServerInfo.read(connection).problems(needsSlot: status == nil)
        if let clash = try slot.clash(connection) { problems.append(clash) }
        guard problems.isEmpty else { throw NotFit(description: problems.joined(separator: "; ")) }
        let missing = try Bookkeeping.missing(for: configuration.publications, on: connection)
        guard missing.isEmpty else { throw NotFit(description: missing.joined(separator: "; ")) }
        let catalog = try Self.catalogue(connection, configuration)
        for refusal in catalog.refusals { report(.refused(refusal.table, because: refusal.reason)) }
        let change = CatalogueChange(from: mirror.catalogue ?? catalog.schema, to: catalog.schema)
        let plan = MirrorPlan.decide(
            mirror: mirror.state.position, server: epoch,
            slot: status.map { MirrorPlan.Slot(confirmed: $0.confirmedFlush ?? .zero, isLost: $0.isLost) },
            doubt: MirrorPlan.Doubt(
                tables: Set(change.tables + mirror.replaced(in: catalog) + doubted).sorted(),
                isCatalogueSame: change.isNone))
        report(.decided(plan))
        switch plan {
        case .resume(let lsn):
            // A walsender that has not noticed yet that its reader is gone would refuse us the slot.
            _ = try slot.release(connection)
            return lsn
        case .copy, .compareAll:
            if status != nil {
                _ = try slot.release(connection)
                try slot.drop(connection)
            }
            return try compareAll(connection, slot, epoch: epoch, report)
        case .compare(let tables, _):
            _ = try slot.release(connection)
            return try compare(tables, connection, report)
        }
    }

    static func catalogue(
        _ connection: PostgresConnection, _ configuration: Follower.Configuration
    ) throws -> Catalog {
        try Bookkeeping.catalogue(publishedBy: configuration.publications, on: connection)
    }

    /// A new slot with an exported snapshot, and every table read in that snapshot. The catalogue is read in it
    /// too: what is copied and what is described are one.
    private func compareAll(
        _ connection: PostgresConnection, _ slot: Slot, epoch: Epoch, _ report: (Event) -> Void
    ) throws -> LSN {
        let exported = try ExportedSlot(slot, conninfo: configuration.conninfo, waiting: waiting)
        defer { exported.close() }
        let amendment = try exported.withSnapshot(on: connection) {
            let catalog = try Self.catalogue(connection, configuration)
            let catalogue = catalog.schema
            try stage(catalogue.tables, connection, report)
            let copy = MirrorCopy(connection: connection) { _, _ in }
            let (seen, time) = try copy.moment()
            let before = mirror.state
            return MirrorAmendment(
                catalogue: catalogue, identities: catalog.identities,
                position: MirrorCopy.position(
                    after: before.position, told: before.frontier, epoch: epoch,
                    consistentPoint: exported.consistentPoint, seen: seen, time: time),
                staged: catalogue.tables.map(\.name), confirmations: try copy.confirmations())
        }
        try mirror.amend(amendment)
        return exported.consistentPoint
    }

    /// Reads these tables in the snapshot of a slot that is gone afterwards; they are compared when the stream has
    /// come as far. Returns where the stream goes on.
    private func compare(
        _ tables: [TableName], _ connection: PostgresConnection, _ report: (Event) -> Void
    ) throws -> LSN {
        guard let position = mirror.state.position else { throw NotFit(description: "there is no mirror to compare") }
        if tables.isEmpty {
            let catalog = try Self.catalogue(connection, configuration)
            let change = CatalogueChange(from: mirror.catalogue ?? catalog.schema, to: catalog.schema)
            // Read apart from what was decided by: where it differs in more than that, it is looked at again.
            guard change.tables.isEmpty, mirror.replaced(in: catalog).isEmpty else {
                throw Mirror.SchemaChanged(table: nil)
            }
            try mirror.amend(
                MirrorAmendment(
                    catalogue: catalog.schema, identities: catalog.identities, position: position, staged: [],
                    confirmations: nil))
            return position.resume
        }
        let exported = try ExportedSlot(
            try Slot(configuration.slot.prefix(55) + "_resync"), conninfo: configuration.conninfo, isTemporary: true,
            waiting: waiting)
        defer { exported.close() }
        let pending = try exported.withSnapshot(on: connection) {
            let catalog = try Self.catalogue(connection, configuration)
            let change = CatalogueChange(from: mirror.catalogue ?? catalog.schema, to: catalog.schema)
            // By now more may have changed.
            let all = Set(tables + change.tables + mirror.replaced(in: catalog)).sorted()
            let staged = all.compactMap { catalog.schema[$0] }
            try stage(staged, connection, report)
            try mirror.unsettle(all)
            return PendingResync(
                point: exported.consistentPoint, catalogue: catalog.schema, identities: catalog.identities,
                staged: staged.map(\.name))
        }
        mirror.expect(pending)
        // Where nobody else commits, the stream would not come to it.
        try connection.query(Heartbeat.statement)
        return position.resume
    }

    /// `connection` MUST be inside a transaction that uses an exported snapshot.
    private func stage(
        _ tables: [TableSchema], _ connection: PostgresConnection, _ report: (Event) -> Void
    ) throws {
        var rows: [TableName: Int] = [:]
        try withoutActuallyEscaping(report) { report in
            let copy = MirrorCopy(connection: connection) { table, count in
                rows[table] = count
                report(.copied(table, rows: count))
            }
            try copy.stage(tables, into: mirror)
        }
        report(.finished(rows: rows.values.reduce(0, +)))
    }
}
