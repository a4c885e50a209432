import SyncModel

extension Checker {
    mutating func cast(_ operand: Operand, _ reference: TypeReference) throws(ShapeError) -> Operand {
        guard let target = type(reference) else {
            throw error(reference.location, "unsupported type \(reference.name)")
        }
        switch operand {
        case .unknown(let text, let parameter, let at):
            return .typed(.constant(try cast(literal: text, parameter: parameter, to: target, at)), at: at)
        case .typed(let expression, let at):
            return .typed(try cast(expression, to: target, at), at: at)
        }
    }

    private func type(_ reference: TypeReference) -> SQLType? {
        if let type = SQLType(named: reference.name) { return type == .bpchar ? nil : type }
        // The table's own enums can be named.
        for column in scopes.flatMap(\.table.columns) where Text(column.type.name) == Text(reference.name) {
            let type = SQLType(column.type)
            if case .enumeration = type { return type }
        }
        return nil
    }

    private mutating func cast(
        literal text: Text?, parameter: Int?, to target: SQLType, _ at: Int
    ) throws(ShapeError) -> Constant {
        var constant = Constant(type: target, value: nil)
        if let text {
            guard let value = Scalar(parsing: text, as: target) else {
                throw error(at, "could not cast value \"\(text)\" from text to \(target.readable)")
            }
            constant = Constant(type: target, value: value)
        }
        if let parameter { resolvedParameters[parameter] = constant }
        return constant
    }

    private func cast(_ expression: Expression, to target: SQLType, _ at: Int) throws(ShapeError) -> Expression {
        let source = expression.type
        if source == target { return expression }
        if case .column(let index, let type) = expression, target.isText, type != .bool, type != .bpchar {
            return .columnText(index)
        }
        guard Scalar.canConvert(source, to: target) else {
            throw error(at, "unknown cast from type \(source.readable) to type \(target.readable)")
        }
        guard case .constant(let constant) = expression else { return .cast(expression, from: source, to: target) }
        guard let value = constant.value else { return .constant(Constant(type: target, value: nil)) }
        do throws(EvaluationError) {
            return .constant(Constant(type: target, value: try value.converted(from: source, to: target)))
        } catch {
            let text = value.text(as: source)
            throw self.error(at, "could not cast value \(text) from \(source.readable) to \(target.readable)")
        }
    }
}
