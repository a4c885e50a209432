import SyncModel

/// Which tables cannot be synced, and why: logical replication would leave something out, or could not name
/// the row that changed.
extension CatalogReader {
    private static let refusalsQuery = """
        SELECT c.oid, c.relkind, c.relpersistence, c.relispartition, c.relreplident,
            c.relrowsecurity AND NOT EXISTS (
                SELECT 1 FROM pg_catalog.pg_roles r
                WHERE r.rolname = current_user AND (r.rolsuper OR r.rolbypassrls)
            ) AND (c.relforcerowsecurity OR NOT pg_catalog.pg_has_role(c.relowner, 'USAGE')) AS is_hidden,
            (SELECT string_agg(quote_ident(a.attname), ', ' ORDER BY a.attnum) FROM pg_catalog.pg_attribute a
             WHERE a.attrelid = c.oid AND a.attgenerated <> '' AND NOT a.attisdropped) AS generated,
            i.indisprimary IS NOT NULL AS has_key, coalesce(i.indimmediate, true) AS is_immediate,
            EXISTS (SELECT 1 FROM pg_catalog.pg_index x WHERE x.indrelid = c.oid AND x.indisreplident
                    AND NOT x.indisprimary) AS has_other_identity,
            pg_catalog.has_table_privilege(c.oid, 'SELECT') AS is_readable
        FROM pg_catalog.pg_class c
        LEFT JOIN pg_catalog.pg_index i ON i.indrelid = c.oid AND i.indisprimary
        WHERE c.oid = ANY ($1::oid[])
        """

    func refusals(_ oids: [TableOID]) throws(PostgresError) -> [TableRefusal] {
        var refusals: [TableRefusal] = []
        let result = try connection.query(Self.refusalsQuery, [Self.array(oids)])
        for row in result.rows {
            let fields = row.map { $0 ?? "" }
            guard let table = oids.first(where: { $0.oid == fields[0] })?.table else { continue }
            refusals += Self.reasons(table, fields).map {
                TableRefusal(table: table, reason: "\(table) \($0)")
            }
        }
        return refusals
    }

    /// `fields`: a row of `refusalsQuery`.
    private static func reasons(_ table: TableName, _ fields: [String]) -> [String] {
        guard fields[1] == "r" || fields[1] == "p" else { return ["is no table but a view or foreign table"] }
        var reasons: [String] = []
        if fields[2] != "p" {
            reasons.append("is unlogged or temporary: its changes are not in the log. Make it LOGGED")
        }
        if fields[3] == "t" {
            reasons.append(
                "is a partition: publish its root instead, with `publish_via_partition_root = true`"
            )
        }
        if fields[5] == "t" {
            reasons.append("has row-level security, which hides rows from this role: give the role BYPASSRLS")
        }
        if !fields[6].isEmpty {
            reasons.append("has generated columns (\(fields[6])), which logical replication leaves out")
        }
        // With the whole row as its identity a table can be followed, if never written or included by key.
        if fields[7] != "t", fields[4] != "f" {
            reasons.append("has no primary key: add one, or ALTER TABLE … REPLICA IDENTITY FULL to read it only")
        }
        if fields[8] != "t" { reasons.append("has a DEFERRABLE primary key, which cannot identify rows") }
        if fields[4] == "n" || fields[9] == "t" {
            reasons.append(
                "does not identify rows by its primary key: ALTER TABLE … REPLICA IDENTITY DEFAULT")
        }
        if fields[10] != "t" { reasons.append("may not be read by this role: GRANT SELECT on it") }
        return reasons
    }

    /// Publications that leave out columns or rows (from PostgreSQL 15), or operations.
    func publicationRefusals(_ publications: [String]) throws(PostgresError) -> [TableRefusal] {
        let result = try connection.query(
            """
            SELECT p.schemaname, p.tablename, p.pubname,
                to_jsonb(p) ->> 'rowfilter' IS NOT NULL AS has_filter,
                coalesce(jsonb_array_length(nullif(to_jsonb(p) -> 'attnames', 'null')) < (
                    SELECT count(*) FROM pg_catalog.pg_attribute a
                    WHERE a.attrelid = format('%I.%I', p.schemaname, p.tablename)::regclass
                        AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''), false) AS has_list,
                b.pubinsert AND b.pubupdate AND b.pubdelete AND b.pubtruncate AS is_whole
            FROM pg_catalog.pg_publication_tables p JOIN pg_catalog.pg_publication b ON b.pubname = p.pubname
            WHERE p.pubname = ANY ($1::name[])
            """, [PostgresArray.literal(publications)])
        var refusals: [TableRefusal] = []
        for row in result.rows {
            let fields = row.map { $0 ?? "" }
            let table = TableName(schema: fields[0], name: fields[1])
            func refuse(_ what: String) {
                refusals.append(
                    TableRefusal(
                        table: table,
                        reason: "\(table) is published by `\(fields[2])` \(what): shapes do that job"))
            }
            if fields[3] == "t" { refuse("with a row filter; publish all rows") }
            if fields[4] == "t" { refuse("with a column list; publish all columns") }
            if fields[5] != "t" {
                refuse("without some operations; publish insert, update, delete and truncate")
            }
        }
        return refusals
    }
}
