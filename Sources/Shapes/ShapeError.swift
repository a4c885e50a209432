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

    /// Where in its condition the mistake is: UTF-8 bytes from the start. nil: of the whole, or of no condition.
    package var offset: Int? { details.offset }
    /// The message without a location, in words that say more than Electric's where there are any.
    package var problem: String { details.problem }

    /// As `message`, with `problem`.
    package var explained: String { details.location.map { Self.located($0, problem) } ?? message }

    /// Behind a reference: every frame of a parser that may throw it has room for the error.
    private let details: Details

    package init(_ code: Code, _ message: String, field: String? = nil, table: TableName? = nil) {
        self.code = code
        details = Details(
            message: message, problem: message, offset: nil, location: nil, field: field, table: table)
    }

    /// Of a condition.
    ///
    /// - Parameters:
    ///   - offset: UTF-8 bytes from the condition's start.
    ///   - location: as Electric's message counts, where that is something else.
    ///   - explained: words that say more than Electric's.
    init(
        _ code: Code, at offset: Int?, location: Int? = nil, _ problem: String, explained: String? = nil,
        table: TableName? = nil
    ) {
        self.code = code
        let location = location ?? offset ?? 0
        details = Details(
            message: Self.located(location, problem), problem: explained ?? problem, offset: offset,
            location: location, field: "where", table: table)
    }

    private static func located(_ location: Int, _ problem: String) -> String { "At location \(location): \(problem)" }

    private init(_ code: Code, _ details: Details) {
        self.code = code
        self.details = details
    }

    private final class Details: Hashable, Sendable {
        let message: String
        let problem: String
        let offset: Int?
        let location: Int?
        let field: String?
        let table: TableName?

        init(
            message: String, problem: String, offset: Int?, location: Int?, field: String?, table: TableName?
        ) {
            self.message = message
            self.problem = problem
            self.offset = offset
            self.location = location
            self.field = field
            self.table = table
        }

        static func == (left: Details, right: Details) -> Bool {
            left.message == right.message && left.offset == right.offset && left.field == right.field
                && left.table == right.table
        }

        func hash(into hasher: inout Hasher) {
            hasher.combine(message)
            hasher.combine(offset)
            hasher.combine(field)
            hasher.combine(table)
        }
    }

    /// The same error, told of a member inside `path` (`include.steps`).
    func inside(_ path: String) -> ShapeError {
        guard !path.isEmpty else { return self }
        return ShapeError(
            code,
            Details(
                message: message, problem: problem, offset: offset, location: details.location,
                field: field.map { "\(path).\($0)" } ?? path, table: table))
    }
}

extension ShapeError {
    /// For people who wrote the definition: a place in a condition counts its characters as they were written, from 1.
    package func readable(in definition: ShapeDefinition) -> String {
        guard let offset, let field, let condition = definition.root.condition(of: field) else {
            return field.map { "\($0): \(problem)" } ?? problem
        }
        let before = String(decoding: Array(condition.string.utf8.prefix(offset)), as: UTF8.self)
        return "\(field): At character \(before.count + 1): \(problem)"
    }
}

extension ShapeDefinition.Node {
    /// That of the node that an error's field names: `where`, `include.steps.where`.
    fileprivate func condition(of field: String) -> Text? {
        if field == "where" { return condition }
        for child in include {
            let prefix = "include.\(child.name)."
            if field.hasPrefix(prefix) { return child.node.condition(of: String(field.dropFirst(prefix.count))) }
        }
        return nil
    }
}

extension ShapeError: CustomStringConvertible {
    package var description: String { field.map { "\($0): \(explained)" } ?? explained }
}
