import SyncModel

/// What PostgreSQL's catalogue says of the published tables.
package struct Catalog: Hashable, Sendable {
    /// The tables that can be synced.
    package let schema: DatabaseSchema
    /// Of the tables of `schema`.
    package let identities: [TableName: TableIdentity]
    /// Those that cannot, sorted by table, and what to do about each.
    package let refusals: [TableRefusal]
    private let partitioned: Set<TableName>

    /// `COPY … TO STDOUT` of all rows of a table of `schema`, columns in its order.
    package func copyStatement(for table: TableSchema) -> String {
        let name =
            PostgresConnection.quoteIdentifier(table.name.schema) + "."
            + PostgresConnection.quoteIdentifier(table.name.name)
        let columns = table.columns.map { PostgresConnection.quoteIdentifier($0.name) }.joined(
            separator: ", ")
        // COPY takes no partitioned table by name; and from a query, it takes in tables that inherit.
        return partitioned.contains(table.name)
            ? "COPY (SELECT \(columns) FROM \(name)) TO STDOUT" : "COPY \(name) (\(columns)) TO STDOUT"
    }

    /// The tables of the publications, but for those of a schema that is `leftOut`. Throws `.undefinedObject` for a
    /// publication that does not exist.
    package static func read(
        _ connection: PostgresConnection, publications: [String], leftOut: String? = nil
    ) throws(PostgresError) -> Catalog {
        let known = try connection.query("SELECT pubname FROM pg_catalog.pg_publication").rows
        for name in publications where !known.contains(where: { $0[0].map { Text($0) } == Text(name) }) {
            throw PostgresError(
                .undefinedObject, "there is no publication `\(name)`: create it, or correct the configuration"
            )
        }
        let tables = try connection.query(
            """
            SELECT DISTINCT schemaname, tablename FROM pg_catalog.pg_publication_tables
            WHERE pubname = ANY ($1::name[])
            """, [PostgresArray.literal(publications)])
        let names = tables.rows.compactMap { row -> TableName? in
            guard let schema = row[0], let name = row[1], schema != leftOut else { return nil }
            return TableName(schema: schema, name: name)
        }
        return try read(connection, tables: names, publications: publications)
    }

    /// The given tables. Throws `.undefinedTable` for one that does not exist.
    package static func read(
        _ connection: PostgresConnection, tables: [TableName]
    ) throws(PostgresError) -> Catalog {
        try read(connection, tables: tables, publications: [])
    }

    private static func read(
        _ connection: PostgresConnection, tables: [TableName], publications: [String]
    ) throws(PostgresError) -> Catalog {
        let reader = CatalogReader(connection: connection)
        let oids = try reader.tableOIDs(tables)
        var refusals = try reader.refusals(oids)
        if !publications.isEmpty { refusals += try reader.publicationRefusals(publications) }
        let refused = Set(refusals.map(\.table))
        let served = oids.filter { !refused.contains($0.table) }
        return Catalog(
            schema: DatabaseSchema(tables: try reader.tables(served)),
            identities: try reader.identities(served, publications: publications),
            refusals: refusals.sorted { ($0.table, Text($0.reason)) < ($1.table, Text($1.reason)) },
            partitioned: Set(oids.filter(\.isPartitioned).map(\.table)))
    }
}

package struct TableRefusal: Hashable, Sendable {
    package let table: TableName
    /// A sentence for people: what is wrong, and what to do.
    package let reason: String
}
