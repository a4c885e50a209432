import Shapes
import SyncModel

/// What can be written instead, beside the words in which a definition is refused.
struct ShapeAdvice {
    let schema: DatabaseSchema
    let definition: ShapeDefinition

    /// Names that are listed at most.
    private static let listed = 40

    func message(_ error: ShapeError) -> String {
        let message = error.readable(in: definition)
        return switch error.code {
        // Electric's words are of SQL, where a name may need quotes.
        case .unknownTable where error.field == "table":
            "There is no table \(definition.rootTable.readable) here: it does not exist, or is not published. A name is "
                + "written as in the catalogue, without quotes. " + tables
        case .unknownTable: message + " " + tables
        case .unknownColumn: message + columns(of: error.table)
        // A condition names a column that there is not: one that was misspelt, or text without its quotes.
        case .badCondition:
            message + (error.table == nil ? "" : columns(of: error.table) + Self.quotes)
        case .badDefinition, .tooLarge, .notSupported, .badInclude, .badParameters, .notPermitted:
            message
        }
    }

    private var tables: String {
        schema.tables.isEmpty
            ? "The service publishes no tables." : "Tables: \(Self.list(schema.tables.map(\.name.readable)))."
    }

    private static let quotes = " Text stands in single quotes: name = 'report'."

    private func columns(of name: TableName?) -> String {
        guard let name, let table = schema[name] else { return "" }
        return ". Columns of \(name.readable): \(Self.list(table.columns.map(\.name)))."
    }

    private static func list(_ names: [String]) -> String {
        let shown = names.prefix(listed).joined(separator: ", ")
        return names.count > listed ? "\(shown) and \(names.count - listed) more" : shown
    }
}

extension TableName {
    /// As it is written in a definition.
    fileprivate var readable: String { schema == "public" ? name : description }
}
