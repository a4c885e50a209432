/// A column's type: the catalogue's name (`int4`, `timestamptz`, `text`), array dimensions, and modifier.
package struct ColumnType: Hashable, Sendable {
    /// `pg_type.typname`; for an array, that of its element.
    package let name: String
    /// 0 for a scalar.
    package let dimensions: Int
    /// `pg_attribute.atttypmod`; -1 for none.
    package let modifier: Int32
    /// The labels in order, for an enum.
    package let labels: [String]

    package init(_ name: String, dimensions: Int = 0, modifier: Int32 = -1, labels: [String] = []) {
        self.name = name
        self.dimensions = dimensions
        self.modifier = modifier
        self.labels = labels
    }
}

package struct Column: Hashable, Sendable {
    package let name: String
    /// `pg_attribute.attnum`: a renamed column keeps it, a dropped and added one does not.
    package let number: Int
    package let type: ColumnType
    package let isNotNull: Bool
    /// PostgreSQL fills it when an insert leaves it out.
    package let hasDefault: Bool

    package init(
        _ name: String, number: Int, type: ColumnType, isNotNull: Bool = false, hasDefault: Bool = false
    ) {
        self.name = name
        self.number = number
        self.type = type
        self.isNotNull = isNotNull
        self.hasDefault = hasDefault
    }
}

package enum ReferentialAction: String, Hashable, Sendable {
    case noAction = "no action"
    case restrict
    case cascade
    case setNull = "set null"
    case setDefault = "set default"
}

package struct ForeignKey: Hashable, Sendable {
    package let name: String
    package let columns: [String]
    package let references: TableName
    package let referencedColumns: [String]
    package let onDelete: ReferentialAction

    package init(
        _ name: String, columns: [String], references: TableName, referencedColumns: [String],
        onDelete: ReferentialAction = .noAction
    ) {
        self.name = name
        self.columns = columns
        self.references = references
        self.referencedColumns = referencedColumns
        self.onDelete = onDelete
    }
}

/// A published table as the catalogue describes it. Columns are in catalogue order; rows are positional.
package struct TableSchema: Hashable, Sendable {
    package let name: TableName
    package let columns: [Column]
    /// Names, in key order. Empty for a table without a primary key.
    package let primaryKey: [String]
    package let foreignKeys: [ForeignKey]
    /// Column lists of the other unique constraints.
    package let uniques: [[String]]
    /// Positions of `primaryKey` in `columns`.
    package let keyIndexes: [Int]
    private let indexes: [String: Int]

    package init(
        name: TableName, columns: [Column], primaryKey: [String], foreignKeys: [ForeignKey] = [],
        uniques: [[String]] = []
    ) {
        self.name = name
        self.columns = columns
        self.primaryKey = primaryKey
        self.foreignKeys = foreignKeys
        self.uniques = uniques
        var indexes: [String: Int] = [:]
        for (index, column) in columns.enumerated() { indexes[column.name] = index }
        self.indexes = indexes
        keyIndexes = primaryKey.map { name in
            guard let index = indexes[name] else { preconditionFailure("key column \(name) is no column") }
            return index
        }
    }

    package func index(of column: String) -> Int? { indexes[column] }
}

/// All tables that are published, sorted by name.
package struct DatabaseSchema: Hashable, Sendable {
    package let tables: [TableSchema]
    private let indexes: [TableName: Int]

    package init(tables: [TableSchema]) {
        let sorted = tables.sorted { $0.name < $1.name }
        self.tables = sorted
        var indexes: [TableName: Int] = [:]
        for (index, table) in sorted.enumerated() { indexes[table.name] = index }
        self.indexes = indexes
    }

    package subscript(name: TableName) -> TableSchema? { indexes[name].map { tables[$0] } }

    /// The table's place in `tables`.
    package func index(of name: TableName) -> Int? { indexes[name] }

    package func without(_ names: [TableName]) -> DatabaseSchema {
        DatabaseSchema(tables: tables.filter { !names.contains($0.name) })
    }
}
