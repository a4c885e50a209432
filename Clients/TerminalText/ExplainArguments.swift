import DaemonProtocol
import JSONText
import SyncModel

/// The arguments of `satchel shape explain`.
package enum ExplainArguments {
    package static func table(_ name: String) -> TableName { TableName(name) }

    /// `column=value …`; a value alone is that of `id`.
    package static func key(_ arguments: [String]) throws(UsageError) -> KeyValues {
        guard !arguments.isEmpty else { throw UsageError("Name the row by its key: column=value.") }
        var fields: [KeyValues.Field] = []
        for argument in arguments {
            let parts = argument.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            let isNamed = parts.count == 2 && !parts[0].isEmpty
            let column = isNamed ? String(parts[0]) : "id"
            guard !fields.contains(where: { Text($0.column) == Text(column) }) else {
                throw UsageError("The key's column `\(column)` is given twice: write each as column=value.")
            }
            fields.append(KeyValues.Field(column, Text(isNamed ? String(parts[1]) : argument)))
        }
        return KeyValues(fields)
    }

    /// Tells values of the named shape's parameters from the row's key: `name=value` is a parameter's where the shape
    /// has one of that name without a value by `--param`. A key column may have the same name: give both then.
    ///
    /// - arguments: what stands behind the table.
    /// - parameters: the names that the shape has.
    package static func split(
        _ arguments: [String], of shape: String, parameters: [String], params: [String]
    ) throws(UsageError) -> (key: [String], params: [String]) {
        func name(_ argument: String) -> Text? {
            argument.firstIndex(of: "=").map { Text(argument[..<$0]) }
        }
        var given = params.compactMap(name)
        var (key, values): ([String], [String]) = ([], [])
        for argument in arguments {
            if let name = name(argument), !given.contains(name), parameters.contains(where: { Text($0) == name }) {
                values.append(argument)
                given.append(name)
            } else {
                key.append(argument)
            }
        }
        guard !key.isEmpty else {
            let names = values.compactMap { name($0)?.string }.joined(separator: "`, `")
            throw UsageError(
                "`\(names)` \(values.count == 1 ? "is a parameter" : "are parameters") of the shape \(shape), so the row's "
                    + "key is missing: column=value. Where a column of the key has a parameter's name, give that parameter by --param."
            )
        }
        return (key, params + values)
    }

    /// The table's own rows where nothing else is given.
    package static func definition(
        table: String, definition: String?, where conditions: [String], params: [String], shape: String?
    ) throws(UsageError) -> JSON {
        guard let shape else {
            return try DefinitionText.make(
                table: definition == nil ? table : nil, definition: definition, where: conditions, params: params)
        }
        guard definition == nil, conditions.isEmpty else {
            throw UsageError("--where and --definition do not go with --shape.")
        }
        return try DefinitionText.named(shape, params)
    }
}
