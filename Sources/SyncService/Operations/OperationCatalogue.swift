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
        /// The key's columns, quoted.
        let keyColumns: String
    }

    private(set) var tables: [TableName: Table] = [:]
    /// Whether any constraint or constraint trigger can be put off to the end of the transaction.
    let hasDeferrableConstraints: Bool

    init(reading schema: DatabaseSchema, over connection: PostgresConnection) throws {
        hasDeferrableConstraints =
            try connection.query("SELECT EXISTS (SELECT FROM pg_constraint WHERE condeferrable)").value == "t"
        for table in schema.tables where !table.primaryKey.isEmpty {
            tables[table.name] = Table(table, keyTypes: try Self.keyTypes(of: table, over: connection))
        }
    }

    /// The types of the key's columns as SQL that means the same under any search path.
    private static func keyTypes(of table: TableSchema, over connection: PostgresConnection) throws -> [String] {
        let result = try connection.query(
            """
            SELECT format('%I.%I', n.nspname, t.typname)
            FROM unnest(ARRAY(SELECT jsonb_array_elements_text($2::jsonb))) WITH ORDINALITY AS k (name, place)
            JOIN pg_attribute a ON a.attrelid = $1::regclass AND a.attname = k.name AND NOT a.attisdropped
            JOIN pg_type t ON t.oid = a.atttypid JOIN pg_namespace n ON n.oid = t.typnamespace
            ORDER BY k.place
            """, [Bookkeeping.qualified(table.name), jsonArray(table.primaryKey)])
        guard result.rowCount == table.primaryKey.count else {
            throw PostgresError(.undefinedColumn, "\(table.name): its key changed; read the catalogue again")
        }
        return (0..<result.rowCount).map { result[$0, 0] ?? "" }
    }
}

extension OperationCatalogue.Table {
    fileprivate init(_ table: TableSchema, keyTypes: [String]) {
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
    }

    // concat writes a value as its type's output function does, like the triggers and logical replication.
    private static func keyForm(_ values: [String]) -> String {
        let parts = values.map { "replace(concat(\($0)), '/', '//')" }.joined(separator: ", '\"/\"', ")
        return "concat('\"', \(parts), '\"')"
    }
}
