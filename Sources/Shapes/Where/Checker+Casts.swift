import SyncModel

extension Checker {
    mutating func cast(_ operand: Operand, _ reference: TypeReference) throws(ShapeError) -> Operand {
        guard let target = type(reference) else {
            throw error(reference.location, "unsupported type \(reference.name)\(reference.isArray ? "[]" : "")")
        }
        let limit = try Modifiers.function(reference.modifiers, target).map { function, message throws(ShapeError) in
            if let message { throw error(reference.location, message) }
            return function
        }
        let (expression, at) = try cast(operand, to: target)
        guard let limit = limit ?? nil else { return .typed(expression, at: at) }
        // PostgreSQL works out what has no column at once.
        return .typed(try simplified(.call(limit, [expression])), at: at)
    }

    private mutating func cast(_ operand: Operand, to target: SQLType) throws(ShapeError) -> (Expression, at: Int) {
        switch operand {
        case .unknown(let text, let source, let at):
            return (.constant(try cast(literal: text, from: source, to: target, at)), at)
        case .typed(let expression, let at): return (try cast(expression, to: target, at), at)
        }
    }

    private func type(_ reference: TypeReference) -> SQLType? {
        let element = elementType(reference.name)
        return reference.isArray ? element.map { .array($0) } : element
    }

    private func elementType(_ name: String) -> SQLType? {
        SQLType(named: name, orEnumOf: scopes.flatMap(\.table.columns))
    }

    private mutating func cast(
        literal text: Text?, from source: Operand.Source, to target: SQLType, _ at: Int
    ) throws(ShapeError) -> Constant {
        let value = text.flatMap { Scalar(parsing: $0, as: target) }
        if let text, value == nil, source != .claim {
            throw error(at, "could not cast value \"\(text)\" from text to \(target.readable)")
        }
        let constant = Constant(type: target, value: value)
        if case .parameter(let number) = source { resolvedParameters[number] = constant }
        return constant
    }

    private mutating func cast(_ expression: Expression, to target: SQLType, _ at: Int) throws(ShapeError) -> Expression
    {
        let source = expression.type
        if source == target { return expression }
        guard Scalar.canConvert(source, to: target) else {
            throw error(at, "unknown cast from type \(source.readable) to type \(target.readable)")
        }
        guard case .constant(let constant) = expression, expression.isFoldableCast(to: target) else {
            return .cast(expression, from: source, to: target)
        }
        guard let value = constant.value else { return .constant(Constant(type: target, value: nil)) }
        do throws(EvaluationError) {
            return .constant(Constant(type: target, value: try value.converted(from: source, to: target)))
        } catch {
            // Said, in Electric's words, if the condition cannot do without it: TRUE OR 'x'::int4 = 1 can.
            let text = value.text(as: source)
            failedCast =
                failedCast
                ?? self.error(at, "could not cast value \(text) from \(source.readable) to \(target.readable)")
            return .cast(expression, from: source, to: target)
        }
    }
}

extension SQLType {
    /// As a cast names it: PostgreSQL's own types, and the enums that the columns are of.
    init?(named name: String, orEnumOf columns: [Column]) {
        if let type = SQLType(named: name == "character" ? "bpchar" : name) {
            self = type
            return
        }
        for column in columns where Text(column.type.name) == Text(name) {
            let type = SQLType(column.type)
            guard let element = type.element ?? Optional(type), element.isEnumeration else { continue }
            self = element
            return
        }
        return nil
    }
}
