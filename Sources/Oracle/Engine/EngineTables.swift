import SyncModel

/// A column type of the generated tables, and what is written into it.
enum EngineKind: CaseIterable {
    case int, text, numeric, time, mood, bool

    var sql: String {
        switch self {
        case .int: "int4"
        case .text: "text"
        case .numeric: "numeric"
        case .time: "timestamptz"
        case .mood: "mood"
        case .bool: "bool"
        }
    }

    static let labels = ["sad", "ok", "happy"]
    /// Of times.
    static let seconds = (0..<12).map { 10 + $0 * 4 }

    var type: ColumnType { ColumnType(sql, labels: self == .mood ? Self.labels : []) }

    /// Literals, few, so that rows meet. Not in the order in which they compare.
    var values: [String] {
        switch self {
        case .int: ["0", "1", "2", "3", "4"]
        case .text: ["'u'", "'B'", "'v/w'", "'é'", "''"]
        // Of one value in two forms.
        case .numeric: ["1", "1.0", "2.50", "-3"]
        case .time: Self.seconds.map { "'2000-01-01 00:00:\($0)+00'" }
        case .mood: Self.labels.map { "'\($0)'" }
        case .bool: ["true", "false"]
        }
    }
}

struct EngineColumn {
    let name: String
    let kind: EngineKind
}

/// A reference from one generated table to another.
struct EngineReference {
    let columns: [String]
    /// Index of the table in the world.
    let table: Int
    let referenced: [String]
}

struct EngineTable {
    let name: String
    /// Names, in the key's order.
    let key: [String]
    let columns: [EngineColumn]
    let references: [EngineReference]
    /// Unique together, beside the key.
    let uniques: [[String]]

    func kind(of column: String) -> EngineKind {
        columns.first { $0.name == column }?.kind ?? .int
    }

    func index(of column: String) -> Int { columns.firstIndex { $0.name == column } ?? 0 }

    /// Names of the columns of a kind.
    func columns(of kind: EngineKind) -> [String] { columns.filter { $0.kind == kind }.map(\.name) }

    /// Two references make up its key: rows say which row goes with which.
    var junctionReferences: [(EngineReference, EngineReference)] {
        var pairs: [(EngineReference, EngineReference)] = []
        for (one, near) in references.enumerated() {
            for (other, far) in references.enumerated() where one != other {
                let columns = Set(near.columns + far.columns)
                if ([key] + uniques).contains(where: { Set($0) == columns }) { pairs.append((near, far)) }
            }
        }
        return pairs
    }
}

/// Tables as chance made them, for PostgreSQL and for the engine.
struct EngineTables {
    let tables: [EngineTable]
    /// PostgreSQL keeps the references whole, and cascades; otherwise rows may refer to nothing.
    let isEnforced: Bool

    subscript(index: Int) -> EngineTable { tables[index] }

    var schema: DatabaseSchema {
        DatabaseSchema(
            tables: tables.map { table in
                TableSchema(
                    name: TableName(table.name),
                    columns: table.columns.enumerated().map { index, column in
                        Column(
                            column.name, number: index + 1, type: column.kind.type,
                            isNotNull: table.key.contains(column.name))
                    },
                    primaryKey: table.key,
                    foreignKeys: table.references.enumerated().map { index, reference in
                        ForeignKey(
                            "\(table.name)_\(index)", columns: reference.columns,
                            references: TableName(tables[reference.table].name),
                            referencedColumns: reference.referenced)
                    }, uniques: table.uniques)
            })
    }

    /// `number` tells rows apart whatever their keys become; the engine does not see it.
    var creation: String {
        var script = """
            DROP SCHEMA public CASCADE; CREATE SCHEMA public;
            CREATE TYPE mood AS ENUM (\(EngineKind.labels.map { "'\($0)'" }.joined(separator: ", ")));
            CREATE FUNCTION attempt(statement text) RETURNS bool LANGUAGE plpgsql AS $$
                BEGIN EXECUTE statement; RETURN true;
                EXCEPTION WHEN integrity_constraint_violation THEN RETURN false; END $$;

            """
        for table in tables {
            let columns = table.columns.map { "\($0.name) \($0.kind.sql)" }
            let key = "PRIMARY KEY (\(table.key.joined(separator: ", ")))"
            let uniques = table.uniques.map { "UNIQUE (\($0.joined(separator: ", ")))" }
            let parts = ["number int8 GENERATED ALWAYS AS IDENTITY"] + columns + [key] + uniques
            script += "CREATE TABLE \(table.name) (\(parts.joined(separator: ", ")));\n"
        }
        guard isEnforced else { return script }
        for table in tables {
            for reference in table.references {
                let isKey = !Set(reference.columns).isDisjoint(with: table.key)
                script += """
                    ALTER TABLE \(table.name) ADD FOREIGN KEY (\(reference.columns.joined(separator: ", ")))
                        REFERENCES \(tables[reference.table].name) (\(reference.referenced.joined(separator: ", ")))
                        ON UPDATE CASCADE ON DELETE \(isKey ? "CASCADE" : "SET NULL");

                    """
            }
        }
        return script
    }
}
