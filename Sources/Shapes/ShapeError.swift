import SyncModel

/// Why a definition or condition was refused.
package struct ShapeError: Error, Hashable, Sendable {
    package enum Code: String, Hashable, Sendable, CaseIterable {
        /// The definition is not of the form that `Protocol/shapes.md` gives.
        case badDefinition = "bad_definition"
        /// A limit of `ShapeLimits` was passed.
        case tooLarge = "too_large"
        /// Known, but not served yet.
        case notSupported = "not_supported"
        case unknownTable = "unknown_table"
        case unknownColumn = "unknown_column"
        /// No foreign key, or more than one, leads to the include.
        case badInclude = "bad_include"
        /// The condition does not parse or does not type-check.
        case badCondition = "bad_condition"
        /// A parameter is missing, unused or not of its type.
        case badParameters = "bad_parameters"
        /// Nobody may read the table: it has no read rule, and needs one.
        case notPermitted = "not_permitted"
    }

    package let code: Code
    /// A sentence for people; for a condition, in Electric's words.
    package var message: String { details.message }
    /// The member it is about (`where`, `params`, `table`, `columns`, `include.steps.where`); nil: the whole.
    package var field: String? { details.field }
    /// Where a column was looked for that there is not, of all tables of the definition.
    package var table: TableName? { details.table }

    /// Behind a reference: every frame of a parser that may throw it has room for the error.
    private let details: Details

    package init(_ code: Code, _ message: String, field: String? = nil, table: TableName? = nil) {
        self.code = code
        details = Details(message: message, field: field, table: table)
    }

    private final class Details: Hashable, Sendable {
        let message: String
        let field: String?
        let table: TableName?

        init(message: String, field: String?, table: TableName?) {
            self.message = message
            self.field = field
            self.table = table
        }

        static func == (left: Details, right: Details) -> Bool {
            left.message == right.message && left.field == right.field && left.table == right.table
        }

        func hash(into hasher: inout Hasher) {
            hasher.combine(message)
            hasher.combine(field)
            hasher.combine(table)
        }
    }

    /// The same error, told of a member inside `path` (`include.steps`).
    func inside(_ path: String) -> ShapeError {
        guard !path.isEmpty else { return self }
        return ShapeError(code, message, field: field.map { "\(path).\($0)" } ?? path, table: table)
    }
}

extension ShapeError: CustomStringConvertible {
    package var description: String { field.map { "\($0): \(message)" } ?? message }
}
