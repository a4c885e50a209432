import SyncModel

/// What a server says of itself, and whether Satchel can follow it.
package struct ServerInfo: Hashable, Sendable {
    /// `server_version_num`: 150008 is 15.8.
    package let version: Int
    package let walLevel: String
    package let serverEncoding: String
    /// The database's `lc_collate` and `lc_ctype`.
    package let collate: String
    package let characterType: String
    package let role: String
    package let canReplicate: Bool
    package let isInRecovery: Bool
    package let freeSlots: Int
    package let freeSenders: Int

    package static func read(_ connection: PostgresConnection) throws(PostgresError) -> ServerInfo {
        let result = try connection.query(
            """
            SELECT current_setting('server_version_num'), current_setting('wal_level'),
                current_setting('server_encoding'), d.datcollate, d.datctype, r.rolsuper OR r.rolreplication,
                pg_is_in_recovery(),
                current_setting('max_replication_slots')::int
                    - (SELECT count(*) FROM pg_catalog.pg_replication_slots),
                current_setting('max_wal_senders')::int
                    - (SELECT count(*) FROM pg_catalog.pg_stat_activity WHERE backend_type = 'walsender'),
                current_user
            FROM pg_catalog.pg_database d, pg_catalog.pg_roles r
            WHERE d.datname = current_database() AND r.rolname = current_user
            """)
        guard result.rowCount == 1 else {
            throw PostgresError(.protocolViolation, "PostgreSQL does not say what it is")
        }
        let fields = result.row(0).map { $0 ?? "" }
        return ServerInfo(
            version: Int(fields[0]) ?? 0, walLevel: fields[1], serverEncoding: fields[2], collate: fields[3],
            characterType: fields[4], role: fields[9], canReplicate: fields[5] == "t", isInRecovery: fields[6] == "t",
            freeSlots: Int(fields[7]) ?? 0, freeSenders: Int(fields[8]) ?? 0)
    }

    /// What keeps Satchel from following this server, and what to do; empty when nothing does.
    ///
    /// `needsSlot`: no slot has been made yet.
    package func problems(needsSlot: Bool = true) -> [String] {
        var problems: [String] = []
        if version < ServerInstallation.minimumVersion * 10_000 {
            problems.append(
                "PostgreSQL \(version / 10_000) is too old: \(ServerInstallation.minimumVersion) is needed")
        }
        if walLevel != "logical" {
            problems.append(
                "wal_level is `\(walLevel)`: ALTER SYSTEM SET wal_level = 'logical', and restart PostgreSQL")
        }
        if isInRecovery { problems.append("this server is a standby: name the primary") }
        if !canReplicate {
            let name = PostgresConnection.quoteIdentifier(role)
            problems.append("the role \(role) may not replicate: ALTER ROLE \(name) REPLICATION")
        }
        if needsSlot, freeSlots < 1 {
            problems.append(
                "no replication slot is free: raise max_replication_slots, or drop one that is unused")
        }
        if freeSenders < 1 { problems.append("no WAL sender is free: raise max_wal_senders") }
        if serverEncoding == "SQL_ASCII" {
            problems.append(
                "the database's encoding is SQL_ASCII, which may hold text that is none: use UTF8")
        }
        return problems
    }

    /// Where results may differ from what the database's own collation gives.
    package var warnings: [String] {
        let plain = ["C", "POSIX", "C.UTF-8", "C.utf8"]
        var warnings: [String] = []
        if !plain.contains(collate) {
            warnings.append("text sorts by `\(collate)` in the database, and by bytes (\"C\") in shapes")
        }
        if !["C.UTF-8", "C.utf8"].contains(characterType) {
            warnings.append(
                "case mapping is that of `\(characterType)` in the database, and of C.UTF-8 in shapes")
        }
        return warnings
    }
}

/// Which history of which database: the answer to IDENTIFY_SYSTEM.
package struct SystemIdentification: Hashable, Sendable {
    package let epoch: Epoch
    /// Where the log ended, flushed to disk.
    package let position: LSN

    package static func read(conninfo: String) throws(PostgresError) -> SystemIdentification {
        let connection = try PostgresConnection(
            conninfo, applicationName: "satchel identify", replication: true)
        defer { connection.close() }
        let result = try connection.query("IDENTIFY_SYSTEM")
        guard result.rowCount == 1, let system = result[0, 0],
            let timeline = result[0, 1].flatMap({ Int($0) }),
            let position = result[0, 2].flatMap({ LSN($0) })
        else {
            throw PostgresError(.protocolViolation, "PostgreSQL's answer to IDENTIFY_SYSTEM cannot be read")
        }
        return SystemIdentification(
            epoch: Epoch(systemIdentifier: system, timeline: timeline), position: position)
    }
}
