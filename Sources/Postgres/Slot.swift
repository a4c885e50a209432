import SyncModel

/// A logical replication slot of ours: PostgreSQL keeps its log from the slot's position on.
package struct Slot: Hashable, Sendable {
    package let name: String

    package init(_ name: String) throws(PostgresError) {
        guard Self.isName(name) else {
            throw PostgresError(.invalidArgument, "`\(name)` cannot name a slot: it is \(Self.wantedName)")
        }
        self.name = name
    }

    /// What `isName` takes, for messages.
    package static let wantedName = "a name of a-z, 0-9 and _, at most 63 characters"

    package static func isName(_ text: String) -> Bool {
        let isAllowed = text.utf8.allSatisfy { byte in
            (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte) || byte == UInt8(ascii: "_")
                || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
        }
        return isAllowed && (1...63).contains(text.utf8.count)
    }

    /// How another one is given, for messages.
    static let whereItIsSet = "--slot NAME, SATCHEL_SLOT for Scripts/run, or service.slot in the configuration file"

    package struct Status: Hashable, Sendable {
        /// A stream is reading it.
        package let isActive: Bool
        /// The process of that stream.
        package let activePID: Int32?
        /// Transactions before it are never sent again.
        package let confirmedFlush: LSN?
        /// `reserved`, `extended`, `unreserved`, `lost`.
        package let walStatus: String
        package let plugin: String
        package let database: String
        /// Of the database that was asked. Names of slots are the server's.
        package let isOfThisDatabase: Bool

        /// The server has removed log that the slot needs: it is of no use any more.
        package var isLost: Bool { walStatus == "lost" }
    }

    /// nil when there is no such slot.
    package func status(_ connection: PostgresConnection) throws(PostgresError) -> Status? {
        let result = try connection.query(
            """
            SELECT active, active_pid, confirmed_flush_lsn, wal_status, plugin, database, database = current_database()
            FROM pg_catalog.pg_replication_slots WHERE slot_name = $1
            """, [name])
        guard result.rowCount == 1 else { return nil }
        return Status(
            isActive: result[0, 0] == "t", activePID: result[0, 1].flatMap { Int32($0) },
            confirmedFlush: result[0, 2].flatMap { LSN($0) }, walStatus: result[0, 3] ?? "",
            plugin: result[0, 4] ?? "", database: result[0, 5] ?? "", isOfThisDatabase: result[0, 6] == "t")
    }

    /// Why it cannot be ours; nil: it can, or there is none yet.
    package func clash(_ connection: PostgresConnection) throws(PostgresError) -> String? {
        guard let status = try status(connection), !status.isOfThisDatabase else { return nil }
        return """
            the slot \(name) is that of the database \(status.database) on the same server, and slots have one name for \
            all databases of a server: give this one another (\(Self.whereItIsSet))
            """
    }

    /// Drops it. A slot that is not there, or is another database's, is left; one in use throws `.objectInUse`.
    package func drop(_ connection: PostgresConnection) throws(PostgresError) {
        try connection.query(
            """
            SELECT pg_catalog.pg_drop_replication_slot(slot_name)
            FROM pg_catalog.pg_replication_slots WHERE slot_name = $1 AND database = current_database()
            """, [name])
    }

    /// Ends the stream that holds the slot, one of a process of ours that died unnoticed by the server, and
    /// waits up to `milliseconds` for it. True when the slot is free.
    package func release(
        _ connection: PostgresConnection, milliseconds: Int = 5_000
    ) throws(PostgresError) -> Bool {
        guard let status = try status(connection) else { return true }
        guard status.isOfThisDatabase else { return false }
        guard let pid = status.activePID else { return !status.isActive }
        let result = try connection.query(
            "SELECT pg_catalog.pg_terminate_backend($1::int, $2::bigint)",
            [String(pid), String(milliseconds)])
        return result.value == "t"
    }
}

/// A slot just made, with the snapshot from which its stream goes on without gap or overlap.
///
/// The snapshot can be taken up (`SET TRANSACTION SNAPSHOT`) until `close()`, or until this is gone. It holds
/// back vacuum meanwhile. As a connection is, it is used by one thread at a time.
package final class ExportedSlot {
    package let slot: Slot
    /// The stream MUST start here: everything committed before is in the snapshot, nothing after.
    package let consistentPoint: LSN
    package let snapshotName: String
    private let connection: PostgresConnection

    /// How long a slot may take before somebody is told what it waits for.
    package static let patience = Duration.seconds(3)

    /// Makes the slot. Waits for all transactions that are running to end, however long that takes; from
    /// `patience` on `waiting` is called with the oldest of them, on another thread.
    ///
    /// `isTemporary`: the slot goes with this object.
    package init(
        _ slot: Slot, conninfo: String, isTemporary: Bool = false, patience: Duration = patience,
        waiting: @escaping @Sendable (RunningTransaction) -> Void = { _ in }
    ) throws(PostgresError) {
        self.slot = slot
        let watch = SlotWatch(conninfo: conninfo, patience: patience, waiting: waiting)
        defer { watch.end() }
        connection = try PostgresConnection(conninfo, applicationName: "satchel slot", replication: true)
        // EXPORT_SNAPSHOT is the spelling that every version from 14 on takes.
        let result = try connection.query(
            "CREATE_REPLICATION_SLOT \(PostgresConnection.quoteIdentifier(slot.name)) "
                + "\(isTemporary ? "TEMPORARY " : "")LOGICAL pgoutput EXPORT_SNAPSHOT")
        guard result.rowCount == 1, let point = result[0, 1].flatMap({ LSN($0) }), let name = result[0, 2]
        else {
            throw PostgresError(
                .protocolViolation, "PostgreSQL made a slot and said neither position nor snapshot")
        }
        consistentPoint = point
        snapshotName = name
    }

    /// Runs `body` in a read-only transaction of `connection` that sees the snapshot.
    package func withSnapshot<Result>(
        on connection: PostgresConnection, _ body: () throws -> Result
    ) throws -> Result {
        try connection.transaction {
            try connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
            try connection.execute(
                "SET TRANSACTION SNAPSHOT \(PostgresConnection.quoteLiteral(snapshotName))")
            return try body()
        }
    }

    package func close() {
        connection.close()
    }
}
