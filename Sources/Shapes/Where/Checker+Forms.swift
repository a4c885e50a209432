import SyncModel

/// CASE, COALESCE, NULLIF, GREATEST and LEAST, arrays and their subscripts.
extension Checker {
    mutating func choice(
        _ value: Syntax?, _ branches: [Branch], _ otherwise: Syntax?, _ at: Int
    ) throws(ShapeError) -> Expression {
        var tested: Operand?
        if let value { tested = .typed(try known(operand(value)), at: at) }
        var conditions: [Expression] = []
        var results: [Operand] = []
        for branch in branches {
            if let tested {
                conditions.append(try compare(.equal, tested, operand(branch.condition), at))
            } else {
                conditions.append(try boolean(branch.condition))
            }
            results.append(try operand(branch.result))
        }
        let last: Operand =
            try otherwise.map { syntax throws(ShapeError) in try operand(syntax) }
            ?? .unknown(nil, from: .text, at: at)
        let values = try unified([last] + results, "CASE", at)
        var parts: [Expression] = []
        for (condition, result) in zip(conditions, values.dropFirst()) { parts += [condition, result] }
        return .choice(parts + [values[0]], values[0].type)
    }

    /// All of one type.
    private mutating func unified(_ operands: [Operand], _ what: String, _ at: Int) throws(ShapeError) -> [Expression] {
        guard let type = Overloads.commonType(operands.map(\.type)) else {
            let names = operands.compactMap { $0.type?.readable }
            throw error(at, "\(what) types \(names.joined(separator: " and ")) cannot be matched")
        }
        var expressions: [Expression] = []
        for operand in operands { expressions.append(try typed(operand, as: type)) }
        return expressions
    }

    mutating func coalesce(_ arguments: [Syntax], _ at: Int) throws(ShapeError) -> Expression {
        let values = try unified(operands(arguments), "COALESCE", at)
        return .coalesce(values, values[0].type)
    }

    mutating func extreme(_ arguments: [Syntax], isGreatest: Bool, _ at: Int) throws(ShapeError) -> Expression {
        let name = isGreatest ? "GREATEST" : "LEAST"
        let values = try unified(operands(arguments), name, at)
        guard Comparisons.types(values[0].type, values[0].type, .less) != nil else {
            throw error(at, "could not identify a comparison function for type \(values[0].type.readable)")
        }
        return .extreme(values, values[0].type, isGreatest: isGreatest)
    }

    mutating func nullIf(_ left: Syntax, _ right: Syntax, _ at: Int) throws(ShapeError) -> Expression {
        let (one, other) = (try operand(left), try operand(right))
        guard case .compare(_, let left, let right, let form) = try compare(.equal, one, other, at) else {
            throw noOperator("=", [one.type, other.type], at)
        }
        return .nullIf(left, right, form)
    }

    mutating func operands(_ arguments: [Syntax]) throws(ShapeError) -> [Operand] {
        var operands: [Operand] = []
        for argument in arguments { operands.append(try operand(argument)) }
        return operands
    }

    // MARK: Arrays

    mutating func array(_ items: [Syntax], _ at: Int) throws(ShapeError) -> Expression {
        guard !items.isEmpty else {
            throw error(at, "cannot determine type of empty array: write '{}' or cast it")
        }
        let values = try unified(operands(items), "ARRAY", at)
        let element = values[0].type
        guard !element.isOpaque else { throw error(at, "no arrays of \(element.readable)", .notSupported) }
        let isNested = element.element != nil
        return .array(values, isNested ? element : .array(element), isNested: isNested)
    }

    mutating func subscripts(_ term: Syntax, _ subscripts: [Subscript], _ at: Int) throws(ShapeError) -> Expression {
        let value = try known(operand(term))
        guard let element = value.type.element else {
            throw error(at, "cannot subscript type \(value.type.readable) because it does not support subscripting")
        }
        guard subscripts.count <= ArrayValue.maxDimensions else {
            throw error(at, "number of array dimensions exceeds the maximum allowed (\(ArrayValue.maxDimensions))")
        }
        let brackets = subscripts.map { $0.bracket }
        var arguments: [Expression] = [value]
        for part in subscripts.flatMap(\.parts) {
            let index = try typed(operand(part), as: .int4)
            guard index.type.isNumber else {
                throw error(at, "array subscript must have type integer")
            }
            arguments.append(index.type == .int4 ? index : .cast(index, from: index.type, to: .int4))
        }
        return .call(Arrays.subscripts(brackets, element), arguments)
    }
}

extension Subscript {
    fileprivate var bracket: Function.Bracket {
        switch self {
        case .index: .index
        case .slice(nil, nil): .all
        case .slice(_?, nil): .from
        case .slice(nil, _?): .upTo
        case .slice(_?, _?): .range
        }
    }
}
