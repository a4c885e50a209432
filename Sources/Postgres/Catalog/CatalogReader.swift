import SyncModel

/// The catalogue queries, each over a set of tables at once.
struct CatalogReader {
    let connection: PostgresConnection

    struct TableOID: Hashable {
        let oid: String
        let table: TableName
        let isPartitioned: Bool
    }

    func tableOIDs(_ tables: [TableName]) throws(PostgresError) -> [TableOID] {
        var oids: [TableOID] = []
        for table in tables {
            let result = try connection.query(
                """
                SELECT c.oid, c.relkind = 'p' FROM pg_catalog.pg_class c
                JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
                WHERE n.nspname = $1 AND c.relname = $2 AND c.relkind IN ('r', 'p', 'f', 'v', 'm')
                """, [table.schema, table.name])
            guard let oid = result.value else {
                throw PostgresError(.undefinedTable, "there is no table \(table)")
            }
            oids.append(TableOID(oid: oid, table: table, isPartitioned: result[0, 1] == "t"))
        }
        return oids
    }

    func tables(_ oids: [TableOID]) throws(PostgresError) -> [TableSchema] {
        let columns = try columns(oids)
        let keys = try uniqueIndexes(oids)
        let foreignKeys = try foreignKeys(oids)
        return oids.map { table in
            TableSchema(
                name: table.table, columns: columns[table.oid] ?? [],
                primaryKey: keys[table.oid]?.first { $0.isPrimary }?.columns ?? [],
                foreignKeys: foreignKeys[table.oid] ?? [],
                uniques: keys[table.oid]?.filter { !$0.isPrimary }.map(\.columns) ?? [])
        }
    }

    // MARK: Columns

    /// A domain is read as what it is a domain of, however deep; the innermost modifier that is set counts.
    private static let columnsQuery = """
        WITH RECURSIVE attribute AS (
            SELECT attrelid, attnum, attname, atttypid, atttypmod, attndims,
                attnotnull, atthasdef OR attidentity <> '' AS has_default
            FROM pg_catalog.pg_attribute
            WHERE attrelid = ANY ($1::oid[]) AND attnum > 0 AND NOT attisdropped
        ), resolved AS (
            SELECT attrelid, attnum, atttypid AS typid, atttypmod AS typmod, attndims AS ndims,
                attnotnull AS not_null, has_default FROM attribute
            UNION ALL
            SELECT r.attrelid, r.attnum, t.typbasetype,
                CASE WHEN r.typmod >= 0 THEN r.typmod ELSE t.typtypmod END, greatest(r.ndims, t.typndims),
                r.not_null OR t.typnotnull, r.has_default OR t.typdefault IS NOT NULL
            FROM resolved r JOIN pg_catalog.pg_type t ON t.oid = r.typid WHERE t.typtype = 'd'
        )
        SELECT a.attrelid, a.attname, a.attnum, coalesce(e.typname, t.typname) AS type_name,
            CASE WHEN e.oid IS NULL THEN 0 ELSE greatest(r.ndims, 1) END AS dimensions,
            r.typmod, r.not_null, r.has_default,
            (SELECT array_agg(l.enumlabel ORDER BY l.enumsortorder) FROM pg_catalog.pg_enum l
             WHERE l.enumtypid = coalesce(e.oid, t.oid)) AS labels
        FROM attribute a
        JOIN resolved r ON r.attrelid = a.attrelid AND r.attnum = a.attnum
        JOIN pg_catalog.pg_type t ON t.oid = r.typid AND t.typtype <> 'd'
        LEFT JOIN pg_catalog.pg_type e ON e.oid = t.typelem AND e.typarray = t.oid
        ORDER BY a.attrelid, a.attnum
        """

    private func columns(_ oids: [TableOID]) throws(PostgresError) -> [String: [Column]] {
        var columns: [String: [Column]] = [:]
        for row in try connection.query(Self.columnsQuery, [Self.array(oids)]).rows {
            let fields = row.map { $0 ?? "" }
            let type = ColumnType(
                fields[3], dimensions: Int(fields[4]) ?? 0, modifier: Int32(fields[5]) ?? -1,
                labels: PostgresArray.items(fields[8]))
            columns[fields[0], default: []].append(
                Column(
                    fields[1], number: Int(fields[2]) ?? 0, type: type, isNotNull: fields[6] == "t",
                    hasDefault: fields[7] == "t"))
        }
        return columns
    }

    // MARK: Keys

    private struct UniqueIndex {
        let isPrimary: Bool
        let columns: [String]
    }

    /// Unique over plain columns and all rows: neither partial nor over expressions.
    private static let uniqueIndexesQuery = """
        SELECT i.indrelid, i.indisprimary, array_agg(a.attname ORDER BY k.position) AS columns
        FROM pg_catalog.pg_index i
        JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid
        CROSS JOIN LATERAL unnest(i.indkey::int2[]) WITH ORDINALITY AS k (attnum, position)
        JOIN pg_catalog.pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.attnum
        WHERE i.indrelid = ANY ($1::oid[]) AND i.indisunique AND i.indisvalid AND i.indpred IS NULL
            AND i.indexprs IS NULL AND k.position <= i.indnkeyatts
        GROUP BY i.indrelid, i.indexrelid, i.indisprimary, c.relname
        ORDER BY i.indrelid, c.relname COLLATE "C"
        """

    private func uniqueIndexes(_ oids: [TableOID]) throws(PostgresError) -> [String: [UniqueIndex]] {
        var indexes: [String: [UniqueIndex]] = [:]
        for row in try connection.query(Self.uniqueIndexesQuery, [Self.array(oids)]).rows {
            let fields = row.map { $0 ?? "" }
            indexes[fields[0], default: []].append(
                UniqueIndex(isPrimary: fields[1] == "t", columns: PostgresArray.items(fields[2])))
        }
        return indexes
    }

    /// conparentid: PostgreSQL adds a copy of the constraint for each partition that is referred to.
    private static let foreignKeysQuery = """
        SELECT o.conrelid, o.conname, n.nspname, c.relname, o.confdeltype,
            (SELECT array_agg(a.attname ORDER BY k.position)
             FROM unnest(o.conkey) WITH ORDINALITY AS k (attnum, position)
             JOIN pg_catalog.pg_attribute a ON a.attrelid = o.conrelid AND a.attnum = k.attnum) AS columns,
            (SELECT array_agg(a.attname ORDER BY k.position)
             FROM unnest(o.confkey) WITH ORDINALITY AS k (attnum, position)
             JOIN pg_catalog.pg_attribute a ON a.attrelid = o.confrelid AND a.attnum = k.attnum) AS referenced
        FROM pg_catalog.pg_constraint o
        JOIN pg_catalog.pg_class c ON c.oid = o.confrelid
        JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
        WHERE o.contype = 'f' AND o.conparentid = 0 AND o.conrelid = ANY ($1::oid[])
        ORDER BY o.conrelid, o.conname COLLATE "C"
        """

    private func foreignKeys(_ oids: [TableOID]) throws(PostgresError) -> [String: [ForeignKey]] {
        var keys: [String: [ForeignKey]] = [:]
        for row in try connection.query(Self.foreignKeysQuery, [Self.array(oids)]).rows {
            let fields = row.map { $0 ?? "" }
            keys[fields[0], default: []].append(
                ForeignKey(
                    fields[1], columns: PostgresArray.items(fields[5]),
                    references: TableName(schema: fields[2], name: fields[3]),
                    referencedColumns: PostgresArray.items(fields[6]), onDelete: Self.action(fields[4])))
        }
        return keys
    }

    /// `pg_constraint.confdeltype`.
    private static func action(_ code: String) -> ReferentialAction {
        switch code {
        case "r": .restrict
        case "c": .cascade
        case "n": .setNull
        case "d": .setDefault
        default: .noAction
        }
    }

    static func array(_ oids: [TableOID]) -> String { PostgresArray.literal(oids.map(\.oid)) }
}
