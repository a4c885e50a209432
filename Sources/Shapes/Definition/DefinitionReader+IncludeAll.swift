import JSONText
import SyncModel

/// `include_all: true`: every child table that the data model declares for the node's table, one level deep. What
/// `include` names goes before: a tree in its place, or `false` to leave it out.
extension DefinitionReader {
    static func includesAll(_ json: JSON) throws(ShapeError) -> Bool {
        switch json {
        case .null: return false
        case .bool(let value): return value
        case .int, .double, .string, .array, .object:
            throw ShapeError(.badDefinition, "`include_all` is `true` or `false`", field: "include_all")
        }
    }

    func allIncludes(
        beside written: JSON?, of table: TableName?
    ) throws(ShapeError) -> [ShapeDefinition.Include] {
        guard let children else {
            // A template is looked at before the schema is there.
            if names != nil { return [] }
            throw ShapeError(
                .notSupported,
                "`include_all` is known to the daemon alone, from the data model: name the tables under `include`",
                field: "include_all")
        }
        guard let table else { return [] }
        guard let all = children.children(of: table) else {
            throw ShapeError(
                .badInclude,
                "the data model declares no `children` of \(table): list them there, or name the tables under `include`",
                field: "include_all")
        }
        let named = (written?.object?.keys ?? []).map { Text($0) }
        return all.filter { child in
            !named.contains(Text(child.description))
                && !(child.schema == table.schema && named.contains(Text(child.name)))
        }.map { child in
            ShapeDefinition.Include(Text(child.schema == table.schema ? child.name : child.description))
        }
    }
}
