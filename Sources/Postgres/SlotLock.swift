import Glibc
import SyncModel

/// One service at a time follows a slot: an advisory lock of the database, named after the slot and held by a
/// connection of its own. It goes with the connection, so that a service that dies leaves nothing behind.
///
/// `@unchecked Sendable` because it is handed from the thread that takes it first to the one that follows the slot, and
/// used by one at a time.
package final class SlotLock: @unchecked Sendable {
    /// Somebody else has it.
    package struct Held: Error, Hashable, Sendable, CustomStringConvertible {
        package let slot: String
        /// nil where it was gone again before we could look.
        package let holder: Holder?

        package var description: String {
            "Another satchel-service follows this database with the slot \(slot)\(holder.map { ": \($0)" } ?? ""). Stop "
                + "it, or give this one a slot of its own (\(Slot.whereItIsSet))"
                + (holder.map {
                    "; if that service is gone and its session stayed: SELECT pg_terminate_backend(\($0.pid))"
                } ?? "")
        }
    }

    /// The session that holds it, as far as this role may see it.
    package struct Holder: Hashable, Sendable, CustomStringConvertible {
        /// PostgreSQL's process.
        package let pid: Int32
        package let applicationName: String?
        /// nil over a Unix socket.
        package let address: String?

        package var description: String {
            let name = applicationName.map { "\($0), " } ?? ""
            return "\(name)PostgreSQL's process \(pid), \(address.map { "from \($0)" } ?? "on the same machine")"
        }
    }

    /// How often a lock that is held is asked for: the session of a process that was killed ends a moment later.
    package static let attempts = 20

    private let slot: Slot
    private let conninfo: String
    private var connection: PostgresConnection?

    package init(_ slot: Slot, conninfo: String) {
        self.slot = slot
        self.conninfo = conninfo
    }

    /// The process of PostgreSQL that holds it for us.
    package var pid: Int32? { connection?.backendPID }

    /// Returns once it is ours: at once, where it is so already and its connection lives. Throws `Held` where it is
    /// somebody else's.
    package func take(attempts: Int = 1) throws {
        if let connection {
            if (try? connection.query("SELECT 1")) != nil { return }
            self.connection = nil
        }
        let connection = try PostgresConnection(conninfo, applicationName: Self.applicationName)
        // Nothing else ends the session: it sits idle for as long as the service lives, and is to go soon where the
        // service's machine is gone.
        try connection.execute(
            """
            SET idle_session_timeout = 0; SET tcp_keepalives_idle = 30; SET tcp_keepalives_interval = 10; \
            SET tcp_keepalives_count = 3
            """)
        for attempt in 1...max(attempts, 1) {
            if attempt > 1 { try connection.query("SELECT pg_sleep(0.1)") }
            let answer = try connection.query("SELECT pg_try_advisory_lock($1::bigint)", [String(slot.lockKey)])
            if answer.value == "t" {
                self.connection = connection
                return
            }
        }
        throw Held(slot: slot.name, holder: try Self.holder(of: slot, connection))
    }

    package func release() {
        connection?.close()
        connection = nil
    }

    /// Who holds the slot's lock; nil: nobody.
    package static func holder(of slot: Slot, _ connection: PostgresConnection) throws(PostgresError) -> Holder? {
        // A key of 64 bits is told in two halves.
        let key = UInt64(bitPattern: slot.lockKey)
        let found = try connection.query(
            """
            SELECT l.pid, nullif(a.application_name, ''), host(a.client_addr)
            FROM pg_catalog.pg_locks l LEFT JOIN pg_catalog.pg_stat_activity a ON a.pid = l.pid
            WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 1
                AND l.database = (SELECT oid FROM pg_catalog.pg_database WHERE datname = current_database())
                AND l.classid = $1::oid AND l.objid = $2::oid
            """, [String(key >> 32), String(key & 0xffff_ffff)])
        guard found.rowCount > 0, let pid = found[0, 0].flatMap({ Int32($0) }) else { return nil }
        return Holder(pid: pid, applicationName: found[0, 1], address: found[0, 2])
    }

    /// Names the process, for whoever finds it in `pg_stat_activity`.
    private static let applicationName: String = {
        var name = [CChar](repeating: 0, count: 256)
        gethostname(&name, name.count - 1)
        let host = String(decoding: name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        return "satchel-service \(getpid()) on \(host)"
    }()
}

extension Slot {
    /// Of a text that nothing else locks by.
    fileprivate var lockKey: Int64 {
        Int64(bitPattern: FNV1a.hash("satchel-service slot \(name)".utf8))
    }
}
