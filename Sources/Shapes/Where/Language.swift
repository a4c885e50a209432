import SyncModel

/// The functions and operators of the language, for its documentation and its proof.
package enum Language {
    package struct Signature: Hashable, Sendable {
        package enum Form: String, Hashable, Sendable { case infix, prefix, call, extract }

        package let name: String
        package let form: Form
        /// Catalogue names.
        package let arguments: [String]
        package let result: String
        package let isVariadic: Bool
    }

    /// All that are served, those of arrays excepted, which are made for each type of element.
    package static let functions: [Signature] =
        (Numbers.infix + Texts.infix + Times.infix + Documents.infix + BitPatterns.infix + Numbers.prefix + Times.prefix
        + BitPatterns.prefix + Numbers.named + Texts.named + Times.named + Documents.named)
        // POSITION has a syntax of its own.
        .filter { $0.refusal == nil && $0.form != .call("position") }.compactMap(signature)

    private static func signature(_ function: Function) -> Signature? {
        let form: Signature.Form
        switch function.form {
        case .infix: form = .infix
        case .prefix: form = .prefix
        case .call: form = .call
        case .extract: form = .extract
        case .cast, .subscripts: return nil
        }
        return Signature(
            name: function.name, form: form, arguments: function.arguments.map(\.name), result: function.result.name,
            isVariadic: function.isVariadic)
    }

    /// Throws where the text is no condition, whatever the tables are that it is about.
    package static func checkSyntax(of condition: String) throws(ShapeError) { _ = try Parser.parse(condition) }

    /// The types that a comparison takes on its sides, those equal on both sides or mixed.
    package static let comparisons: [(left: String, right: String)] = Comparisons.candidates.map {
        ($0[0].name, $0[1].name)
    }

    /// Whether `value::target` is served, by catalogue names.
    package static func canCast(_ source: String, to target: String) -> Bool {
        guard let source = SQLType(named: source), let target = SQLType(named: target) else { return false }
        return Scalar.canConvert(source, to: target)
    }
}

/// A value, not a condition: what explains a condition, and what its proof compares.
package struct Term: Sendable {
    private let predicate: Predicate
    private var expression: Expression { predicate.expression }

    package init(
        parsing text: String, parameters: [Text] = [], table: TableSchema
    ) throws(ShapeError) {
        let syntax = try Parser.parse(text)
        var checker = Checker(
            scopes: [Checker.Scope(table)], schema: DatabaseSchema(tables: []), parameters: parameters)
        let operand = try checker.operand(syntax)
        let expression = try checker.simplified(checker.known(operand))
        predicate = Predicate(expression: expression, table: table, outer: nil, subselects: checker.subselects)
    }

    /// For PostgreSQL, with constants bound from `$firstParameter` on.
    package func sql(firstParameter: Int = 1) -> SQLFragment { predicate.sql(firstParameter: firstParameter) }

    package enum Outcome: Hashable, Sendable {
        case null
        /// As PostgreSQL writes it.
        case text(Text)
        case error(String)
        case undecidable
    }

    package func evaluate(_ row: Row, in context: EvaluationContext = EvaluationContext()) -> Outcome {
        do throws(Evaluator.Stop) {
            let value = try Evaluator(row: row, context: context).scalar(expression)
            return value.map { .text($0.text(as: expression.type)) } ?? .null
        } catch {
            switch error {
            case .absent: return .undecidable
            case .failed(let failure): return .error(failure.message)
            }
        }
    }
}
