import JSONText
import SyncModel

/// The `electric-schema` header: what a client needs to parse each column's text.
enum ElectricSchema {
    static func header(_ table: TableSchema, selection: [Int]) -> String {
        let columns = selection.map { table.columns[$0] }.sorted { Text($0.name) < Text($1.name) }
        return JSON.object(JSONObject(columns.map { ($0.name, describe($0, in: table)) })).text
    }

    private static func describe(_ column: Column, in table: TableSchema) -> JSON {
        var members: [(String, JSON)] = [("type", .string(column.type.name))]
        if column.type.dimensions > 0 { members.append(("dims", .int(Int64(column.type.dimensions)))) }
        if column.isNotNull { members.append(("not_null", .bool(true))) }
        if let index = table.primaryKey.firstIndex(of: column.name) { members.append(("pk_index", .int(Int64(index)))) }
        members += modifier(column.type)
        return .object(JSONObject(members))
    }

    /// `atttypmod` decoded as PostgreSQL's `format_type` does.
    private static func modifier(_ type: ColumnType) -> [(String, JSON)] {
        let modifier = Int64(type.modifier)
        guard modifier >= 0 else { return [] }
        switch type.name {
        case "varchar", "text": return [("max_length", .int(modifier - 4))]
        case "bpchar": return [("length", .int(modifier - 4))]
        case "bit", "varbit": return [("length", .int(modifier))]
        case "time", "timetz", "timestamp", "timestamptz": return [("precision", .int(modifier))]
        case "numeric":
            let packed = modifier - 4
            return [("precision", .int((packed >> 16) & 0xffff)), ("scale", .int(packed & 0x7ff))]
        default: return [("type_mod", .int(modifier))]
        }
    }
}
