import SyncModel

/// A row as people name it: by the columns of its table's key, or, in a table without one, by all columns.
package struct RowName: Hashable, Sendable {
    package struct Problem: Error, Hashable, Sendable {
        /// A sentence that says what to do.
        package let message: String
    }

    /// In key order, as PostgreSQL writes the values where that is known.
    package let values: [Explanation.NamedValue]
    package let key: RowKey

    /// - Parameter values: by column, in any order; nil is NULL, which only a table without a key has.
    package init(_ values: [(column: String, value: Text?)], in table: TableSchema) throws(Problem) {
        let names =
            table.primaryKey.isEmpty
            ? table.columns.map(\.name).sorted { Text($0) < Text($1) } : table.primaryKey
        let given = values.map { Text($0.column) }
        guard Set(given) == Set(names.map { Text($0) }), given.count == names.count else {
            throw Problem(message: "a row of \(table.name) is named by \(names.joined(separator: ", ")): give these")
        }
        var named: [Explanation.NamedValue] = []
        for name in names {
            guard let value = values.first(where: { Text($0.column) == Text(name) })?.value else {
                guard table.primaryKey.isEmpty else {
                    throw Problem(message: "\(name) is part of the key: give a value")
                }
                named.append(Explanation.NamedValue(name, nil))
                continue
            }
            named.append(Explanation.NamedValue(name, try Self.written(value, name, in: table)))
        }
        self.values = named
        key = RowKey(values: named.map { Value($0.value?.string) })
    }

    private static func written(_ text: Text, _ name: String, in table: TableSchema) throws(Problem) -> Text {
        guard let index = table.index(of: name) else { return text }
        let type = SQLType(table.columns[index].type)
        guard let value = Scalar(parsing: text, as: type) else {
            throw Problem(message: "\(name) is of type \(type.readable), and \"\(text.shortened)\" is no such value")
        }
        return type.hasOneText ? value.text(as: type) : text
    }
}
