import SyncModel

/// Functions of arrays, made for each type of element.
enum Arrays {
    /// nil where there is no such operator. MUST have an array on one side.
    static func infix(
        _ symbol: String, _ left: Checker.Operand, _ right: Checker.Operand, _ checker: inout Checker, _ at: Int
    ) throws(ShapeError) -> Expression? {
        switch symbol {
        case "@>", "<@", "&&":
            guard let type = left.type ?? right.type, let element = type.element,
                [left, right].allSatisfy({ $0.type == nil || $0.type == type }),
                Comparisons.types(element, element, .equal) != nil
            else { return nil }
            return try checker.call(overlap(symbol, element), [left, right], at)
        case "||": return try joined(left, right, .infix("||"), &checker, at)
        default: return nil
        }
    }

    private static func overlap(_ symbol: String, _ element: SQLType) -> Function {
        let form = Comparisons.form(element, element)
        @Sendable func keys(_ array: ArrayValue) -> [Scalar?] { array.elements.map { $0?.key(form) } }
        return Function.infix(symbol, .array(element), .array(element), .bool) { left, right in
            let (lefts, rights) = (keys(left.list), keys(right.list))
            // NULL is in no array, not even beside a NULL.
            func isPart(_ part: [Scalar?], of whole: [Scalar?]) -> Bool {
                let held = Set(whole.compactMap { $0 })
                return part.allSatisfy { $0.map(held.contains) == true }
            }
            switch symbol {
            case "@>": return .bool(isPart(rights, of: lefts))
            case "<@": return .bool(isPart(lefts, of: rights))
            default:
                let held = Set(rights.compactMap { $0 })
                return .bool(lefts.contains { $0.map(held.contains) == true })
            }
        }
    }

    // MARK: Joining

    /// Of two arrays, or an array and an element, whose elements are brought to one type.
    private static func joined(
        _ left: Checker.Operand, _ right: Checker.Operand, _ form: Function.Form, _ checker: inout Checker, _ at: Int
    ) throws(ShapeError) -> Expression? {
        // A literal beside an array is an array.
        let isArray = [left, right].map { $0.type == nil || $0.type?.element != nil }
        let elements = [left, right].map { $0.type?.element ?? $0.type }
        if form != .infix("||"), isArray.contains(false) { return nil }
        guard let element = Overloads.commonType(elements) else { return nil }
        let types = isArray.map { $0 ? SQLType.array(element) : element }
        let function = Function(form, types, .array(element), isStrict: false) { values throws(EvaluationError) in
            switch (isArray[0], isArray[1]) {
            case (true, true): try concatenated(values[0]?.list, values[1]?.list).map { .array($0) }
            case (true, false): .array(try appended(values[1], to: values[0]?.list))
            default: .array(try prepended(values[0], to: values[1]?.list))
            }
        }
        return try checker.call(function, [left, right], at)
    }

    private static func oneDimensional(_ array: ArrayValue?) throws(EvaluationError) -> ArrayValue {
        guard let array, !array.lengths.isEmpty else { return ArrayValue([]) }
        guard array.lengths.count == 1 else {
            throw EvaluationError("argument must be empty or one-dimensional array")
        }
        return array
    }

    private static func appended(_ item: Scalar?, to array: ArrayValue?) throws(EvaluationError) -> ArrayValue {
        let old = try oneDimensional(array)
        var new = ArrayValue(old.elements + [item])
        new.lowerBounds = old.lowerBounds.isEmpty ? [1] : old.lowerBounds
        return new
    }

    private static func prepended(_ item: Scalar?, to array: ArrayValue?) throws(EvaluationError) -> ArrayValue {
        let old = try oneDimensional(array)
        var new = ArrayValue([item] + old.elements)
        new.lowerBounds = old.lowerBounds.isEmpty ? [1] : old.lowerBounds
        return new
    }

    private static let incompatible = EvaluationError("cannot concatenate incompatible arrays")

    private static func concatenated(_ left: ArrayValue?, _ right: ArrayValue?) throws(EvaluationError) -> ArrayValue? {
        guard let left else { return right }
        guard let right else { return left }
        if left.lengths.isEmpty { return right }
        if right.lengths.isEmpty { return left }
        let (lefts, rights) = (left.lengths, right.lengths)
        var result = ArrayValue(
            elements: left.elements + right.elements, lengths: lefts, lowerBounds: left.lowerBounds)
        if lefts.count == rights.count {
            guard lefts.dropFirst().elementsEqual(rights.dropFirst()),
                left.lowerBounds.dropFirst().elementsEqual(right.lowerBounds.dropFirst())
            else { throw incompatible }
            result.lengths[0] += rights[0]
        } else if lefts.count + 1 == rights.count {
            guard lefts.elementsEqual(rights.dropFirst()), left.lowerBounds.elementsEqual(right.lowerBounds.dropFirst())
            else { throw incompatible }
            result.lengths = rights
            result.lengths[0] += 1
            result.lowerBounds = right.lowerBounds
        } else if lefts.count == rights.count + 1 {
            guard lefts.dropFirst().elementsEqual(rights), left.lowerBounds.dropFirst().elementsEqual(right.lowerBounds)
            else { throw incompatible }
            result.lengths[0] += 1
        } else {
            throw incompatible
        }
        return result
    }

    // MARK: Subscripts

    static func subscripts(_ brackets: [Function.Bracket], _ element: SQLType) -> Function {
        let isSlice = brackets.contains { $0 != .index }
        let count = brackets.reduce(1) { $0 + $1.parts }
        return Function(
            .subscripts(brackets), [.array(element)] + Array(repeating: .int4, count: count - 1),
            isSlice ? .array(element) : element
        ) { values throws(EvaluationError) in
            guard let array = values[0]?.list else { return nil }
            var rest = values.dropFirst().map { Int($0?.integer ?? 0) }[...]
            if !isSlice { return array[Array(rest)] }
            let bounds = brackets.map { bracket -> (lower: Int?, upper: Int?) in
                switch bracket {
                // Among slices a single index is an upper bound.
                case .index: (1, rest.popFirst())
                case .all: (nil, nil)
                case .from: (rest.popFirst(), nil)
                case .upTo: (nil, rest.popFirst())
                case .range: (rest.popFirst(), rest.popFirst())
                }
            }
            return .array(array.slice(bounds))
        }
    }

    // MARK: Functions

    /// nil for a name that is no function of arrays.
    static func named(
        _ name: String, _ operands: [Checker.Operand], _ checker: inout Checker, _ at: Int
    ) throws(ShapeError) -> Expression? {
        switch (name, operands.count) {
        case ("array_append", 2): return try joined(arrayFirst(operands), operands[1], name, &checker, at)
        case ("array_prepend", 2): return try joined(operands[0], arrayFirst(operands.reversed()), name, &checker, at)
        case ("array_cat", 2):
            guard let joined = try joined(operands[0], operands[1], .call(name), &checker, at) else {
                throw checker.noFunction(name, operands.map(\.type), at)
            }
            return joined
        case ("cardinality", 1), ("array_ndims", 1), ("array_length", 2), ("array_lower", 2), ("array_upper", 2),
            ("array_remove", 2), ("array_position", 2), ("array_to_string", 2), ("array_to_string", 3):
            // A literal beside an element is an array of such.
            let mayBeLiteral = name == "array_remove" || name == "array_position"
            let element =
                operands[0].type == nil && mayBeLiteral ? operands[1].type ?? .text : operands[0].type?.element
            guard let element else { throw checker.noFunction(name, operands.map(\.type), at) }
            return try checker.call(function(name, element, operands.count), operands, at)
        default: return nil
        }
    }

    private static func arrayFirst(_ operands: [Checker.Operand]) -> Checker.Operand { operands[0] }

    private static func joined(
        _ left: Checker.Operand, _ right: Checker.Operand, _ name: String, _ checker: inout Checker, _ at: Int
    ) throws(ShapeError) -> Expression {
        let (array, item) = name == "array_append" ? (left, right) : (right, left)
        let elements = [array.type?.element, item.type]
        guard array.type == nil || array.type?.element != nil, let element = Overloads.commonType(elements),
            element.element == nil
        else { throw checker.noFunction(name, [left.type, right.type], at) }
        let isAppend = name == "array_append"
        let types = isAppend ? [.array(element), element] : [element, SQLType.array(element)]
        let function = Function(.call(name), types, .array(element), isStrict: false) {
            values throws(EvaluationError) in
            .array(
                isAppend ? try appended(values[1], to: values[0]?.list) : try prepended(values[0], to: values[1]?.list))
        }
        return try checker.call(function, [left, right], at)
    }

    private static func function(_ name: String, _ element: SQLType, _ count: Int) -> Function {
        let array = SQLType.array(element)
        let form = Comparisons.form(element, element)
        switch name {
        case "cardinality": return Function.named(name, [array], .int4) { .count($0[0].list.elements.count) }
        case "array_ndims":
            return Function.named(name, [array], .int4) {
                $0[0].list.lengths.isEmpty ? nil : .count($0[0].list.lengths.count)
            }
        case "array_length", "array_lower", "array_upper":
            return Function.named(name, [array, .int4], .int4) { values in
                let list = values[0].list
                let dimension = Int(values[1].integer) - 1
                guard list.lengths.indices.contains(dimension) else { return nil }
                if name == "array_length" { return .count(list.lengths[dimension]) }
                let lower = list.lowerBounds[dimension]
                return .count(name == "array_lower" ? lower : lower + list.lengths[dimension] - 1)
            }
        case "array_remove":
            return Function(.call(name), [array, element], array, isStrict: false) { values throws(EvaluationError) in
                guard let list = values[0]?.list else { return nil }
                guard list.lengths.count <= 1 else {
                    throw EvaluationError("removing elements from multidimensional arrays is not supported")
                }
                let key = values[1]?.key(form)
                let kept = list.elements.filter { $0?.key(form) != key }
                if kept.count == list.elements.count { return values[0] }
                var result = ArrayValue(kept)
                if !kept.isEmpty { result.lowerBounds = list.lowerBounds }
                return .array(result)
            }
        case "array_position":
            return Function(.call(name), [array, element], .int4, isStrict: false) { values throws(EvaluationError) in
                guard let list = values[0]?.list, !list.lengths.isEmpty else { return nil }
                guard list.lengths.count <= 1 else {
                    throw EvaluationError("searching for elements in multidimensional arrays is not supported")
                }
                let key = values[1]?.key(form)
                return list.elements.firstIndex { $0?.key(form) == key }.map { .count($0 + list.lowerBounds[0]) }
            }
        default:
            return Function(.call(name), [array, .text, .text].prefix(count).map { $0 }, .text, isStrict: false) {
                values throws(EvaluationError) in
                guard let list = values[0]?.list, let separator = values[1] else { return nil }
                let null = count == 3 ? values[2]?.string.string : nil
                let items = list.elements.compactMap { $0?.text(as: element).string ?? null }
                return .text(items.joined(separator: separator.string.string))
            }
        }
    }
}

extension Function.Bracket {
    var parts: Int {
        switch self {
        case .all: 0
        case .index, .from, .upTo: 1
        case .range: 2
        }
    }
}
