import JSONText
import Postgres
import SyncModel

/// What the catalogue says beyond `DatabaseSchema` that writing operations takes, and the pieces of SQL made
/// from it, once for each table.
struct OperationCatalogue {
    struct Table {
        /// `"public"."steps"`
        let target: String
        /// The columns as they are selected and inserted, in the schema's order.
        let columns: [String]
        /// `"id" = $1 AND …`, the key's values being the first parameters.
        let isRow: String
        /// Locks and selects the row, then its key's text, a version for the next stamp, and its clock. Parameters: the
        /// key, the relation. The clock is locked after the row: its subquery depends on it.
        let lock: String
        /// Locks the key of a row that is not there, and selects the same but for the row.
        let lockKey: String
        /// `lock` for many rows; parameters: one array for each column of the key, the relation. The first column
        /// is the place in the arrays.
        let lockMany: String
        /// `lockKey` for many rows, in the arrays' order.
        let lockKeys: String
        /// The key's columns, quoted.
        let keyColumns: String
        /// Of every column, as SQL that means the same under any search path, without modifier.
        let types: [String: String]
    }

    private(set) var tables: [TableName: Table] = [:]
    /// Whether any constraint or constraint trigger can be put off to the end of the transaction.
    let hasDeferrableConstraints: Bool

    init(reading schema: DatabaseSchema, over connection: PostgresConnection) throws {
        hasDeferrableConstraints =
            try connection.query("SELECT EXISTS (SELECT FROM pg_constraint WHERE condeferrable)").value == "t"
        for table in schema.tables where !table.primaryKey.isEmpty {
            tables[table.name] = Table(table, types: try Self.types(of: table, over: connection))
        }
    }

    private static func types(
        of table: TableSchema, over connection: PostgresConnection
    ) throws -> [String: String] {
        let names = table.columns.map(\.name)
        let result = try connection.query(
            """
            SELECT format('%I.%I', n.nspname, t.typname)
            FROM unnest(ARRAY(SELECT jsonb_array_elements_text($2::jsonb))) WITH ORDINALITY AS k (name, place)
            JOIN pg_attribute a ON a.attrelid = $1::regclass AND a.attname = k.name AND NOT a.attisdropped
            JOIN pg_type t ON t.oid = a.atttypid JOIN pg_namespace n ON n.oid = t.typnamespace
            ORDER BY k.place
            """, [Bookkeeping.qualified(table.name), jsonArray(names)])
        guard result.rowCount == names.count else {
            throw PostgresError(.undefinedColumn, "\(table.name): its columns changed; read the catalogue again")
        }
        var types: [String: String] = [:]
        for (index, name) in names.enumerated() { types[name] = result[index, 0] }
        return types
    }
}

extension OperationCatalogue.Table {
    fileprivate init(_ table: TableSchema, types: [String: String]) {
        self.types = types
        let keyTypes = table.primaryKey.map { types[$0] ?? "text" }
        target = Bookkeeping.qualified(table.name)
        columns = table.columns.map { Bookkeeping.quoted($0.name) }
        let key = table.primaryKey.map(Bookkeeping.quoted)
        isRow = key.enumerated().map { "\($1) = $\($0 + 1)" }.joined(separator: " AND ")
        let clock = "SELECT * FROM satchel.clock WHERE relation = $\(key.count + 1) AND key = k.key FOR UPDATE"
        lock = """
            WITH t AS MATERIALIZED (SELECT \(columns.joined(separator: ", ")) FROM \(target) WHERE \(isRow) FOR UPDATE)
            SELECT t.*, k.key, nextval('satchel.version'), \(Fields.clockColumns)
            FROM t, LATERAL (SELECT \(Self.keyForm(key.map { "t.\($0)" })) AS key) AS k
            LEFT JOIN LATERAL (\(clock)) AS c ON true
            """
        lockKey = """
            SELECT k.key, nextval('satchel.version'), \(Fields.clockColumns)
            FROM (SELECT \(Self.keyForm(keyTypes.enumerated().map { "$\($0 + 1)::\($1)" })) AS key) AS k
            LEFT JOIN LATERAL satchel.lock_clock($\(key.count + 1), k.key) AS c ON true
            """
        keyColumns = key.joined(separator: ", ")
        let arrays = key.indices.map { "$\($0 + 1)::text[]" }.joined(separator: ", ")
        let names = key.indices.map { "k\($0)" }.joined(separator: ", ")
        let isKey = zip(key, keyTypes).enumerated().map { "t.\($1.0) = k.k\($0)::\($1.1)" }
        lockMany = """
            WITH t AS MATERIALIZED (
                SELECT k.satchel_place, \(columns.map { "t.\($0)" }.joined(separator: ", "))
                FROM unnest(\(arrays)) WITH ORDINALITY AS k (\(names), satchel_place)
                JOIN \(target) AS t ON \(isKey.joined(separator: " AND ")) FOR UPDATE OF t)
            SELECT t.*, k.key, nextval('satchel.version'), \(Fields.clockColumns)
            FROM t, LATERAL (SELECT \(Self.keyForm(key.map { "t.\($0)" })) AS key) AS k
            LEFT JOIN LATERAL (\(clock)) AS c ON true ORDER BY t.satchel_place
            """
        lockKeys = """
            SELECT k.key, nextval('satchel.version'), \(Fields.clockColumns)
            FROM (
                SELECT satchel_place, \(Self.keyForm(keyTypes.enumerated().map { "k\($0)::\($1)" })) AS key
                FROM unnest(\(arrays)) WITH ORDINALITY AS k (\(names), satchel_place)) AS k
            LEFT JOIN LATERAL satchel.lock_clock($\(key.count + 1), k.key) AS c ON true ORDER BY k.satchel_place
            """
    }

    // concat writes a value as its type's output function does, like the triggers and logical replication.
    private static func keyForm(_ values: [String]) -> String {
        let parts = values.map { "replace(concat(\($0)), '/', '//')" }.joined(separator: ", '\"/\"', ")
        return "concat('\"', \(parts), '\"')"
    }
}
