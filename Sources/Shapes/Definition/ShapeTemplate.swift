import JSONText
import SyncModel

/// A definition whose values are given later, by name: `team_id = $team_id`.
package struct ShapeTemplate: Hashable, Sendable {
    package let parameters: [ShapeParameter]
    /// A definition without values.
    private let body: JSONObject
    private let table: TableName

    /// Checks the form. Every parameter MUST be used, and every `$name` be a parameter.
    package init(_ body: JSONObject, parameters: [ShapeParameter]) throws(ShapeError) {
        var body = body
        guard let name = body["root_table"]?.string else {
            throw ShapeError(
                .badDefinition, "`root_table` is missing: name the table, as `table` or `schema.table`",
                field: "root_table")
        }
        body["root_table"] = nil
        self.parameters = parameters
        self.body = body
        table = TableName(name)
        let (_, names) = try read(.nulls, values: [], children: nil)
        if let unused = parameters.indices.first(where: { names?.used.contains($0) != true }) {
            let name = parameters[unused].name
            throw ShapeError(
                .badParameters, "the parameter `\(name)` is not used: write $\(name) in a condition, or leave it out",
                field: "parameters.\(name)")
        }
    }

    /// - Parameter values: one for each parameter, in their order.
    package func definition(_ values: [Text], children: ChildTables) throws(ShapeError) -> ShapeDefinition {
        try read(.values, values: values, children: children).definition
    }

    /// The same with typed NULLs for values: resolving it checks all that does not depend on them.
    package func sample(children: ChildTables) throws(ShapeError) -> ShapeDefinition {
        try read(.nulls, values: [], children: children).definition
    }

    private func read(
        _ form: ParameterNames.Form, values: [Text], children: ChildTables?
    ) throws(ShapeError) -> (definition: ShapeDefinition, names: ParameterNames?) {
        var reader = DefinitionReader(
            parameters: values, names: ParameterNames(parameters, as: form), children: children)
        let root = try reader.node(body, of: table, depth: 1)
        let definition = try ShapeDefinition(rootTable: table, root: root, parameters: reader.parameters)
        return (definition, reader.names)
    }
}
