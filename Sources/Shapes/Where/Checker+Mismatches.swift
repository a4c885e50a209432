/// What is said where no operator or function takes the types that it is given: to people in PostgreSQL's words, on
/// Electric's wire in Electric's.
extension Checker {
    /// - Parameters:
    ///   - types: of one side or both; nil for a literal without a type.
    ///   - candidates: the types that the operator takes, as far as there are several to choose from.
    func noOperator(
        _ symbol: String, _ types: [SQLType?], candidates: [[SQLType]] = [], _ at: Int
    ) -> ShapeError {
        let names = types.map(Self.readable)
        let use = names.count == 1 ? "\(symbol) \(names[0])" : names.joined(separator: " \(symbol) ")
        let problem: String
        if Self.isAmbiguous(types, candidates) {
            problem = "operator is not unique: \(use); cast a side to the type that is meant (`value::type`)"
        } else if let opaque = types.compactMap({ $0 }).first(where: { ($0.element ?? $0).isOpaque }) {
            problem =
                "operator is not supported in conditions: \(use); \(opaque.readable) is only compared by = and <>, with its like"
        } else {
            let hint = Self.spelling(of: symbol, types).map { "write \($0)" } ?? Self.castHint(symbol, types)
            problem = "operator does not exist: \(use); \(hint)"
        }
        return ShapeError(.badCondition, at: at, "Could not select an operator overload", explained: problem)
    }

    /// - Parameters:
    ///   - types: of the arguments; nil for a literal without a type.
    ///   - candidates: the types that the function takes.
    func noFunction(
        _ name: String, _ types: [SQLType?], candidates: [[SQLType]] = [], _ at: Int
    ) -> ShapeError {
        func call(_ types: [SQLType?]) -> String {
            "\(name)(\(types.map(Self.readable).joined(separator: ", ")))"
        }
        var problem =
            Self.isAmbiguous(types, candidates)
            ? "function \(call(types)) is not unique: cast an argument to the type that is meant (`value::type`)"
            : "function \(call(types)) does not exist"
        let shown = candidates.prefix(Self.maxSignatures).map(call)
        if shown.isEmpty {
            problem += "; casts may help (`value::type`)"
        } else {
            problem += "; there is \(shown.joined(separator: ", "))" + (candidates.count > shown.count ? " …" : "")
        }
        return ShapeError(.badCondition, at: at, "Could not select a function overload", explained: problem)
    }

    /// What other languages write differently.
    private static func spelling(of symbol: String, _ types: [SQLType?]) -> String? {
        switch symbol {
        case "==": "="
        case "&&" where types.allSatisfy { $0 == .bool }: "AND"
        case "||" where types.allSatisfy { $0 == .bool }: "OR"
        default: nil
        }
    }

    private static let maxSignatures = 4

    private static func isAmbiguous(_ types: [SQLType?], _ candidates: [[SQLType]]) -> Bool {
        types.contains(nil)
            && candidates.contains { candidate in
                candidate.count == types.count
                    && zip(types, candidate).allSatisfy { type, wanted in type?.becomes(wanted) ?? true }
            }
    }

    /// Everything becomes text, and not all text becomes something else; but text has few operators.
    private static func castHint(_ symbol: String, _ types: [SQLType?]) -> String {
        let general = "a cast may help (`value::type`)"
        guard types.count == 2, let left = types[0], let right = types[1] else { return general }
        let isComparison = Comparison(rawValue: symbol) != nil
        for isText in isComparison ? [true, false] : [false] {
            func helps(_ source: SQLType, _ target: SQLType) -> Bool {
                target.isText == isText && Scalar.canConvert(source, to: target)
            }
            if helps(left, right) { return "cast the left side, as in `value::\(right.name)`" }
            if helps(right, left) { return "cast the right side, as in `value::\(left.name)`" }
        }
        return isComparison ? "cast both sides to one type, as in `value::text`" : general
    }

    private static func readable(_ type: SQLType?) -> String { type?.standardName ?? "unknown" }
}

extension SQLType {
    /// As PostgreSQL's messages name it (`format_type`).
    fileprivate var standardName: String {
        switch self {
        case .bool: "boolean"
        case .int2: "smallint"
        case .int4: "integer"
        case .int8: "bigint"
        case .float4: "real"
        case .float8: "double precision"
        case .varchar: "character varying"
        case .bpchar: "character"
        case .time: "time without time zone"
        case .timestamp: "timestamp without time zone"
        case .timestamptz: "timestamp with time zone"
        case .array(let element): element.standardName + "[]"
        case .numeric, .text, .uuid, .bytea, .date, .interval, .json, .jsonb, .enumeration, .opaque: name
        }
    }
}
