import Postgres
import PostgresTesting
import SyncModel

/// A database with a publication of all tables, a slot, and what its stream hands out.
struct StreamFixture {
    let database: TestDatabase
    let connection: PostgresConnection
    let slot: Slot
    let startAt: LSN

    init(_ setup: String, in cluster: PrivateCluster? = nil) throws {
        database = try TestDatabase(setup + "; CREATE PUBLICATION everything FOR ALL TABLES", in: cluster)
        connection = try database.connect()
        slot = try Slot("slot_\(database.name)")
        let exported = try ExportedSlot(slot, conninfo: database.connectionString)
        startAt = exported.consistentPoint
    }

    /// The same, over new connections, from the first position after `held`.
    init(resuming other: StreamFixture, after held: LSN) throws {
        database = other.database
        connection = try database.connect()
        slot = other.slot
        startAt = LSN(held.rawValue + 1)
    }

    func stream(startAt: LSN? = nil, sliceLimit: Int = 1 << 20) throws -> ReplicationStream {
        try ReplicationStream(
            conninfo: database.connectionString, slot: slot.name, publications: ["everything"],
            startAt: startAt ?? self.startAt, sliceLimit: sliceLimit)
    }

    /// Until the server has noticed that the last stream has gone.
    func waitUntilFree() throws {
        while try slot.status(connection)?.isActive == true {}
    }

    /// What all transactions committed so far brought, up to a marker that this commits itself.
    func transactions(startAt: LSN? = nil) throws -> [SourceTransaction] {
        try connection.query("SELECT pg_logical_emit_message(true, 'marker', '')")
        try waitUntilFree()
        let stream = try stream(startAt: startAt)
        var transactions: [SourceTransaction] = []
        try stream.run { event in
            guard case .transaction(let transaction) = event else { return }
            if transaction.events.contains(where: \.isMarker) {
                stream.stop()
            } else {
                transactions.append(transaction)
            }
        }
        return transactions
    }

    /// The row changes of those, without what describes tables.
    func changes() throws -> [SourceChange] {
        try transactions().flatMap(\.events).compactMap(\.change)
    }
}

extension SourceEvent {
    var isMarker: Bool {
        if case .message(let message) = self { message.prefix == "marker" } else { false }
    }

    var change: SourceChange? {
        if case .change(let change) = self { change } else { nil }
    }
}
