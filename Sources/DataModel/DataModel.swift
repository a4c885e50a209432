import SyncModel

/// The data model file: how the tables of one database are merged.
///
/// ```yaml
/// version: 1
/// tables:
///   steps:
///     on_concurrent_delete: update_wins
///     on_missing_parent: reject
///     columns: {name: last_writer_wins}
/// ```
///
/// A table or column that the file does not name has the defaults, which are the values shown.
package struct DataModel: Hashable, Sendable {
    /// As it was read, for `GET /v1/schema`.
    package let text: String
    /// Sorted by name.
    package let tables: [TableModel]
    /// For messages.
    private let file: String

    init(text: String, tables: [TableModel], file: String) {
        self.text = text
        self.tables = tables.sorted { $0.name < $1.name }
        self.file = file
    }

    /// The settings of a table; the defaults where the file does not name it.
    package subscript(table: TableName) -> TableModel {
        tables.first { $0.name == table } ?? TableModel(name: table)
    }

    /// Throws for the first table or column, in the file's order, that the database does not have.
    package func validate(against schema: DatabaseSchema) throws(DataModelError) {
        for table in tables.sorted(by: { $0.line < $1.line }) {
            guard let found = schema[table.name] else {
                let known = schema.tables.map(\.name.description).joined(separator: ", ")
                throw DataModelError(
                    file: file, line: table.line,
                    message: "the database publishes no table \(table.name); it publishes: \(known)")
            }
            for column in table.columns where found.index(of: column.name) == nil {
                let known = found.columns.map(\.name).joined(separator: ", ")
                throw DataModelError(
                    file: file, line: column.line,
                    message: "\(table.name) has no column \(column.name); its columns: \(known)")
            }
        }
    }
}

/// What the file says of one table.
package struct TableModel: Hashable, Sendable {
    package let name: TableName
    package let onConcurrentDelete: ConcurrentDeleteRule
    package let onMissingParent: MissingParentRule
    /// In the file's order; the others have the default rule.
    package let columns: [ColumnModel]
    /// Of the file, from 1; 0 for a table that the file does not name.
    package let line: Int

    package init(
        name: TableName, onConcurrentDelete: ConcurrentDeleteRule = .updateWins,
        onMissingParent: MissingParentRule = .reject, columns: [ColumnModel] = [], line: Int = 0
    ) {
        self.name = name
        self.onConcurrentDelete = onConcurrentDelete
        self.onMissingParent = onMissingParent
        self.columns = columns
        self.line = line
    }

    package func rule(of column: String) -> ColumnRule {
        columns.first { $0.name == column }?.rule ?? .lastWriterWins
    }
}

package struct ColumnModel: Hashable, Sendable {
    package let name: String
    package let rule: ColumnRule
    package let line: Int

    package init(name: String, rule: ColumnRule, line: Int) {
        self.name = name
        self.rule = rule
        self.line = line
    }
}

/// Why a data model file was refused.
package struct DataModelError: Error, Hashable, Sendable, CustomStringConvertible {
    package let file: String
    /// From 1.
    package let line: Int
    /// What is wrong, and what to do.
    package let message: String

    package init(file: String, line: Int, message: String) {
        self.file = file
        self.line = line
        self.message = message
    }

    package var description: String { "\(file):\(line): \(message)" }
}
