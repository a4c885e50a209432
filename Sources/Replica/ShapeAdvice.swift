import Shapes
import SyncModel

/// What can be written instead, beside the words in which a definition is refused.
struct ShapeAdvice {
    let schema: DatabaseSchema

    /// Names that are listed at most.
    private static let listed = 40

    func message(_ error: ShapeError) -> String {
        switch error.code {
        case .unknownTable: error.description + " " + tables
        case .unknownColumn: error.description + columns(of: error.table)
        // A condition names a column that there is not: one that was misspelt, or text without its quotes.
        case .badCondition:
            error.description + (error.table == nil ? "" : columns(of: error.table) + Self.quotes)
        case .badDefinition, .tooLarge, .notSupported, .badInclude, .badParameters, .notPermitted:
            error.description
        }
    }

    private var tables: String {
        schema.tables.isEmpty
            ? "The service publishes no tables." : "Tables: \(Self.list(schema.tables.map(\.name.readable)))."
    }

    private static let quotes = " Text needs quotes: name = 'report'."

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
