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

    /// Refuses values of the named shape's parameters where the row's key is wanted. A key column may have a
    /// parameter's name: it does where that parameter has its value by `--param`.
    ///
    /// - parameters: the names that the shape has.
    package static func refuseParameters(
        among key: [String], of shape: String, parameters: [String], params: [String]
    ) throws(UsageError) {
        func name(_ argument: String) -> Text? {
            argument.firstIndex(of: "=").map { Text(argument[..<$0]) }
        }
        let given = params.compactMap(name)
        for argument in key {
            guard let name = name(argument), !given.contains(name), parameters.contains(where: { Text($0) == name })
            else { continue }
            throw UsageError(
                "`\(name.string)` is a parameter of the shape \(shape): write --param \(argument). What stands behind the "
                    + "table is the row's key; where a column of the key has that name, give both.")
        }
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
