import SyncModel

/// The data model file: how the tables of one database are merged, and the shapes and views that have names.
///
/// ```yaml
/// version: 1
/// tables:
///   steps:
///     on_concurrent_delete: update_wins
///     on_missing_parent: reject
///     columns: {name: last_writer_wins}
///     children: [connections]
/// ```
///
/// A table or column that the file does not name has the defaults, which are the values shown; `children`, which
/// `include_all` takes, has none. Shapes and views: `NamedShape`, `NamedView`.
package struct DataModel: Hashable, Sendable {
    /// As it was read, for `GET /v1/schema`.
    package let text: String
    /// Sorted by name.
    package let tables: [TableModel]
    /// In the file's order.
    package let shapes: [NamedShape]
    /// In the file's order.
    package let views: [NamedView]
    /// In the file's order.
    package let permissions: [PermissionModel]
    /// For messages.
    let file: String

    init(
        text: String, tables: [TableModel], shapes: [NamedShape], views: [NamedView],
        permissions: [PermissionModel], file: String
    ) {
        self.text = text
        self.tables = tables.sorted { $0.name < $1.name }
        self.shapes = shapes
        self.views = views
        self.permissions = permissions
        self.file = file
    }

    /// The settings of a table; the defaults where the file does not name it.
    package subscript(table: TableName) -> TableModel {
        tables.first { $0.name == table } ?? TableModel(name: table)
    }

    /// Throws for the first table or column, in the file's order, that the database does not have, then for the first
    /// shape or view that it cannot serve.
    package func validate(against schema: DatabaseSchema) throws(DataModelError) {
        for table in tables.sorted(by: { $0.line < $1.line }) {
            guard let found = schema[table.name] else {
                throw unpublished(table.name, line: table.line, in: schema)
            }
            for column in table.columns where found.index(of: column.name) == nil {
                let known = found.columns.map(\.name).joined(separator: ", ")
                throw DataModelError(
                    file: file, line: column.line,
                    message: "\(table.name) has no column \(column.name); its columns: \(known)")
            }
        }
        try validateShapes(against: schema)
        try validatePermissions(against: schema)
    }

    func unpublished(_ table: TableName, line: Int, in schema: DatabaseSchema) -> DataModelError {
        let known = schema.tables.map(\.name.description).joined(separator: ", ")
        return DataModelError(
            file: file, line: line,
            message: "the database publishes no table \(table); it publishes: \(known.isEmpty ? "none" : known)")
    }
}

/// What the file says of one table.
package struct TableModel: Hashable, Sendable {
    package let name: TableName
    package let onConcurrentDelete: ConcurrentDeleteRule
    package let onMissingParent: MissingParentRule
    /// In the file's order; the others have the default rule.
    package let columns: [ColumnModel]
    /// In the file's order; nil where nothing is said.
    package let children: [ChildModel]?
    /// Of the file, from 1; 0 for a table that the file does not name.
    package let line: Int

    package init(
        name: TableName, onConcurrentDelete: ConcurrentDeleteRule = .updateWins,
        onMissingParent: MissingParentRule = .reject, columns: [ColumnModel] = [],
        children: [ChildModel]? = nil, line: Int = 0
    ) {
        self.name = name
        self.onConcurrentDelete = onConcurrentDelete
        self.onMissingParent = onMissingParent
        self.columns = columns
        self.children = children
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

/// A table that `include_all` takes.
package struct ChildModel: Hashable, Sendable {
    package let name: TableName
    package let line: Int
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
