import SyncModel

/// Whether an operation fits a table at all, before any row is looked at.
package enum OperationCheck {
    /// nil when it does.
    package static func refusal(of operation: Operation, in schema: TableSchema) -> Reason? {
        if schema.primaryKey.isEmpty {
            return Reason(
                code: "not_supported",
                message: "\(schema.name) has no primary key, so its rows cannot be written by operations")
        }
        if operation.rowKey(in: schema) == nil {
            let names = schema.primaryKey.joined(separator: ", ")
            return Reason(
                code: "invalid_value", message: "\(schema.name): the key must have exactly these columns: \(names)")
        }
        for column in operation.key.keys.sorted(by: { Text($0) < Text($1) })
        where operation.key[column]?.string.utf8.contains(0) == true {
            return nulRefusal(schema, column)
        }
        for column in operation.set.keys.sorted(by: { Text($0) < Text($1) }) {
            guard schema.index(of: column) != nil else {
                return Reason(code: "unknown_column", message: "\(schema.name) has no column \(column)")
            }
            if schema.primaryKey.contains(column) {
                return Reason(
                    code: "not_supported",
                    message: "\(schema.name).\(column) is part of the key: insert a row with the new key, "
                        + "delete the old one")
            }
            if operation.set[column] == .absent {
                return Reason(code: "invalid_value", message: "\(schema.name).\(column): a value or null is needed")
            }
            if operation.set[column]?.text?.string.utf8.contains(0) == true { return nulRefusal(schema, column) }
        }
        return nil
    }

    private static func nulRefusal(_ schema: TableSchema, _ column: String) -> Reason {
        Reason(
            code: "invalid_value",
            message: "\(schema.name).\(column): the value contains a NUL character, which PostgreSQL cannot store")
    }
}
