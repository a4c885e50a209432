import SyncModel

/// Which table stands behind a name, and what of it was published since when. Where one of these changes, the name's
/// rows may be others than the stream told of.
package struct TableIdentity: Hashable, Sendable {
    package let oid: UInt32
    /// What the catalogue has of it in the publications, as oids, ascending: of itself, of its schema, or of the
    /// publication where that has all tables.
    package let publishedAs: [UInt32]
    /// The transactions that last altered these publications, ascending: with another `publish` or
    /// `publish_via_partition_root` for a while, some of what was written was not told.
    package let alteredBy: [UInt32]
    /// Stands for the partitions and their files; 0 where there are none. Nobody is told of the rows that a partition
    /// brings or takes when it is attached, detached or dropped, nor of one that is emptied by itself.
    package let partitions: UInt32

    package init(oid: UInt32, publishedAs: [UInt32] = [], alteredBy: [UInt32] = [], partitions: UInt32 = 0) {
        self.oid = oid
        self.publishedAs = publishedAs
        self.alteredBy = alteredBy
        self.partitions = partitions
    }

    /// nil where it is not what `text` gives.
    package init?(_ text: String) {
        let parts = text.split(separator: "|", omittingEmptySubsequences: false).map { part in
            part.split(separator: " ").map { UInt32($0) }
        }
        guard let oid = parts[0].first ?? nil, parts.count <= 3, !parts.joined().contains(nil) else { return nil }
        func numbers(_ index: Int) -> [UInt32] { parts.count > index ? parts[index].compactMap(\.self) : [] }
        self.init(
            oid: oid, publishedAs: Array(numbers(0).dropFirst()), alteredBy: numbers(1),
            partitions: numbers(2).first ?? 0)
    }

    package var text: String {
        [[oid] + publishedAs, alteredBy, [partitions]].map { $0.map(String.init).joined(separator: " ") }
            .joined(separator: "|")
    }
}

extension CatalogReader {
    /// Publications have schemas from PostgreSQL 15 on.
    private static let schemasQuery = """
        UNION ALL SELECT c.oid, n.oid, p.xmin FROM pg_catalog.pg_class c
        JOIN pg_catalog.pg_publication_namespace n ON n.pnnspid = c.relnamespace
        JOIN pg_catalog.pg_publication p ON p.oid = n.pnpubid WHERE c.oid = ANY ($1::oid[]) AND p.pubname = ANY ($2::name[])
        """

    /// A partition is never served, so what its root is published as says nothing of a table here.
    private static let publishedQuery = """
        SELECT r.prrelid, r.oid, p.xmin FROM pg_catalog.pg_publication_rel r
        JOIN pg_catalog.pg_publication p ON p.oid = r.prpubid
        WHERE r.prrelid = ANY ($1::oid[]) AND p.pubname = ANY ($2::name[])
        UNION ALL SELECT t.oid, p.oid, p.xmin FROM unnest($1::oid[]) AS t (oid), pg_catalog.pg_publication p
        WHERE p.puballtables AND p.pubname = ANY ($2::name[])
        """

    /// A rewritten file has the same rows as a rule; to read them once more is what that costs.
    private static let partitionsQuery = """
        SELECT t.oid, ('x' || left(md5(string_agg(c.oid || ' ' || c.relfilenode, ',' ORDER BY c.oid)), 8))::bit(32)::int8
        FROM unnest($1::oid[]) AS t (oid), pg_catalog.pg_partition_tree(t.oid) p
        JOIN pg_catalog.pg_class c ON c.oid = p.relid GROUP BY t.oid
        """

    func identities(
        _ oids: [TableOID], publications: [String]
    ) throws(PostgresError) -> [TableName: TableIdentity] {
        let hasSchemas = try connection.query(
            "SELECT to_regclass('pg_catalog.pg_publication_namespace') IS NOT NULL"
        ).value
        let query = Self.publishedQuery + (hasSchemas == "t" ? " " + Self.schemasQuery : "")
        var published: [String: [UInt32]] = [:]
        var altered: [String: Set<UInt32>] = [:]
        for row in try connection.query(query, [Self.array(oids), PostgresArray.literal(publications)]).rows {
            guard let table = row[0], let entry = Self.number(row[1]), let transaction = Self.number(row[2]) else {
                continue
            }
            published[table, default: []].append(entry)
            altered[table, default: []].insert(transaction)
        }
        let partitions = try partitions(oids.filter(\.isPartitioned))
        var identities: [TableName: TableIdentity] = [:]
        for table in oids {
            guard let oid = UInt32(table.oid) else { continue }
            identities[table.table] = TableIdentity(
                oid: oid, publishedAs: (published[table.oid] ?? []).sorted(),
                alteredBy: (altered[table.oid] ?? []).sorted(), partitions: partitions[table.oid] ?? 0)
        }
        return identities
    }

    private func partitions(_ oids: [TableOID]) throws(PostgresError) -> [String: UInt32] {
        guard !oids.isEmpty else { return [:] }
        var partitions: [String: UInt32] = [:]
        for row in try connection.query(Self.partitionsQuery, [Self.array(oids)]).rows {
            guard let table = row[0] else { continue }
            partitions[table] = Self.number(row[1])
        }
        return partitions
    }

    private static func number(_ text: String?) -> UInt32? { text.flatMap { UInt32($0) } }
}
