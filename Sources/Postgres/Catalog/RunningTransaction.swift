import SyncModel

/// A transaction that others wait for: a slot is made only once all that were running have ended.
package struct RunningTransaction: Hashable, Sendable, CustomStringConvertible {
    package let pid: Int32
    package let application: String
    package let user: String
    /// As PostgreSQL writes it.
    package let since: String
    /// `active`, `idle in transaction`, …; of a prepared one its name.
    package let state: String
    /// The beginning of its newest statement; empty where the role may not see it.
    package let query: String

    package var description: String {
        let statement = query.isEmpty ? "" : ": \(query)"
        return "process \(pid) (application `\(application)`, role \(user), \(state)), since \(since)\(statement)"
    }

    /// The oldest of the cluster that writes; nil when there is none.
    package static func oldest(_ connection: PostgresConnection) throws(PostgresError) -> RunningTransaction? {
        let result = try connection.query(
            """
            SELECT pid, coalesce(application_name, ''), coalesce(usename, ''), coalesce(xact_start::text, ''),
                coalesce(state, ''), left(coalesce(query, ''), 200), age(backend_xid) AS age
            FROM pg_catalog.pg_stat_activity
            WHERE backend_xid IS NOT NULL AND pid <> pg_backend_pid()
            UNION ALL
            SELECT 0, '', owner::text, prepared::text, 'prepared as ' || quote_literal(gid), '', age(transaction)
            FROM pg_catalog.pg_prepared_xacts
            ORDER BY age DESC LIMIT 1
            """)
        guard result.rowCount == 1 else { return nil }
        let fields = result.row(0).map { $0 ?? "" }
        return RunningTransaction(
            pid: Int32(fields[0]) ?? 0, application: fields[1], user: fields[2], since: fields[3], state: fields[4],
            query: fields[5])
    }
}
