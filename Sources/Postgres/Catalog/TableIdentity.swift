import SyncModel

/// Which table stands behind a name, and since when it has been published. Another one under the same name, or the same
/// after it was not published for a while, has rows that the stream did not tell of.
package struct TableIdentity: Hashable, Sendable {
    package let oid: UInt32
    /// What the catalogue has of it in the publications, as oids, ascending: of itself or a table that it is a
    /// partition of, of its schema, or of the publication where that has all tables.
    package let publishedAs: [UInt32]

    package init(oid: UInt32, publishedAs: [UInt32] = []) {
        self.oid = oid
        self.publishedAs = publishedAs
    }

    /// nil where it is not what `text` gives.
    package init?(_ text: String) {
        let numbers = text.split(separator: " ").map { UInt32($0) }
        guard let oid = numbers.first ?? nil, !numbers.contains(nil) else { return nil }
        self.init(oid: oid, publishedAs: numbers.dropFirst().compactMap(\.self))
    }

    package var text: String { ([oid] + publishedAs).map(String.init).joined(separator: " ") }
}

extension CatalogReader {
    /// Publications have schemas from PostgreSQL 15 on.
    private static let schemasQuery = """
        UNION ALL SELECT c.oid, n.oid FROM pg_catalog.pg_class c
        JOIN pg_catalog.pg_publication_namespace n ON n.pnnspid = c.relnamespace
        JOIN pg_catalog.pg_publication p ON p.oid = n.pnpubid WHERE c.oid = ANY ($1::oid[]) AND p.pubname = ANY ($2::name[])
        """

    private static let publishedQuery = """
        SELECT t.oid, r.oid FROM unnest($1::oid[]) AS t (oid)
        JOIN pg_catalog.pg_publication_rel r
            ON r.prrelid = t.oid OR r.prrelid IN (SELECT a::oid FROM pg_catalog.pg_partition_ancestors(t.oid) AS a)
        JOIN pg_catalog.pg_publication p ON p.oid = r.prpubid WHERE p.pubname = ANY ($2::name[])
        UNION ALL SELECT t.oid, p.oid FROM unnest($1::oid[]) AS t (oid), pg_catalog.pg_publication p
        WHERE p.puballtables AND p.pubname = ANY ($2::name[])
        """

    func identities(
        _ oids: [TableOID], publications: [String]
    ) throws(PostgresError) -> [TableName: TableIdentity] {
        let hasSchemas = try connection.query(
            "SELECT to_regclass('pg_catalog.pg_publication_namespace') IS NOT NULL"
        ).value
        let query = Self.publishedQuery + (hasSchemas == "t" ? " " + Self.schemasQuery : "")
        var published: [String: [UInt32]] = [:]
        for row in try connection.query(query, [Self.array(oids), PostgresArray.literal(publications)]).rows {
            guard let table = row[0], let entry = row[1].flatMap({ UInt32($0) }) else { continue }
            published[table, default: []].append(entry)
        }
        var identities: [TableName: TableIdentity] = [:]
        for table in oids {
            guard let oid = UInt32(table.oid) else { continue }
            identities[table.table] = TableIdentity(oid: oid, publishedAs: (published[table.oid] ?? []).sorted())
        }
        return identities
    }
}
