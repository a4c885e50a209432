import SyncModel

/// Which of several functions or operators of one name PostgreSQL takes: `func_select_candidate` and
/// `select_common_type` of its `parse_func.c` and `parse_coerce.c`.
enum Overloads {
    /// - Parameters:
    ///   - candidates: argument types, each as many as `arguments`.
    ///   - arguments: nil for a literal that has no type yet.
    /// - Returns: a place in `candidates`; nil where none fits, or several do.
    static func select(_ candidates: [[SQLType]], _ arguments: [SQLType?]) -> Int? {
        var left = candidates.indices.filter { index in
            zip(arguments, candidates[index]).allSatisfy { argument, type in argument?.becomes(type) ?? true }
        }
        if left.count <= 1 { return left.first }
        left = best(left) { index in
            zip(arguments, candidates[index]).count { argument, type in argument == type }
        }
        if left.count == 1 { return left[0] }
        left = best(left) { index in
            zip(arguments, candidates[index]).count { argument, type in
                guard let argument else { return false }
                return argument == type || (type.isPreferred && type.category == argument.category)
            }
        }
        if left.count == 1 { return left[0] }
        guard arguments.contains(nil) else { return nil }
        left = byCategory(left, candidates, arguments)
        return left.count == 1 ? left[0] : byKnownType(left, candidates, arguments)
    }

    private static func best(_ places: [Int], _ score: (Int) -> Int) -> [Int] {
        let scores = places.map(score)
        let top = scores.max() ?? 0
        return zip(places, scores).filter { $1 == top }.map(\.0)
    }

    /// A literal is a string where that is possible, else what all candidates agree on.
    private static func byCategory(
        _ places: [Int], _ candidates: [[SQLType]], _ arguments: [SQLType?]
    ) -> [Int] {
        var wanted: [(position: Int, category: SQLType.Category, isPreferred: Bool)] = []
        for position in arguments.indices where arguments[position] == nil {
            let types = places.map { candidates[$0][position] }
            guard let first = types.first else { return places }
            let isString = types.contains { $0.category == .string }
            let category = isString ? SQLType.Category.string : first.category
            guard isString || types.allSatisfy({ $0.category == category }) else { return places }
            let isPreferred = types.contains { $0.category == category && $0.isPreferred }
            wanted.append((position, category, isPreferred))
        }
        let kept = places.filter { place in
            wanted.allSatisfy { position, category, isPreferred in
                let type = candidates[place][position]
                return type.category == category && (!isPreferred || type.isPreferred)
            }
        }
        return kept.isEmpty ? places : kept
    }

    /// Last: literals are of the type that all other arguments have.
    private static func byKnownType(
        _ places: [Int], _ candidates: [[SQLType]], _ arguments: [SQLType?]
    ) -> Int? {
        let known = Set(arguments.compactMap { $0 })
        guard known.count == 1, let type = known.first else { return nil }
        let fitting = places.filter { candidates[$0].allSatisfy { type.becomes($0) } }
        return fitting.count == 1 ? fitting[0] : nil
    }

    /// An operator's: before anything else a literal takes the type of the other side.
    static func selectOperator(_ candidates: [[SQLType]], _ left: SQLType?, _ right: SQLType?) -> Int? {
        if let both = [left ?? right, right ?? left] as? [SQLType], let exact = candidates.firstIndex(of: both) {
            return exact
        }
        return select(candidates, [left, right])
    }

    /// The one type of CASE, COALESCE, IN …; nil entries are literals. nil: the types do not go together.
    static func commonType(_ types: [SQLType?]) -> SQLType? {
        var common: SQLType?
        for case let type? in types {
            guard let current = common else {
                common = type
                continue
            }
            if current == type { continue }
            guard current.category == type.category else { return nil }
            if !current.isPreferred, current.becomes(type), !type.becomes(current) { common = type }
        }
        guard let common else { return .text }
        return types.allSatisfy({ $0?.becomes(common) ?? true }) ? common : nil
    }
}

/// The comparisons of PostgreSQL's catalogue.
enum Comparisons {
    private static let stamps: [SQLType] = [.date, .timestamp, .timestamptz]
    private static let integers: [SQLType] = [.int2, .int4, .int8]
    private static let floats: [SQLType] = [.float4, .float8]

    static let candidates: [[SQLType]] =
        [integers, floats, stamps].flatMap { types in types.flatMap { left in types.map { [left, $0] } } }
        + [.bool, .numeric, .text, .bpchar, .uuid, .bytea, .time, .interval, .jsonb].map { [$0, $0] }

    /// The types that the sides are brought to; nil where PostgreSQL has no such operator.
    static func types(_ left: SQLType?, _ right: SQLType?, _ comparison: Comparison) -> (SQLType, SQLType)? {
        let known = [left, right].compactMap { $0 }
        if let special = known.first(where: { $0.isOpaque || $0.isEnumeration || $0.element != nil }) {
            guard known.allSatisfy({ $0 == special }) else { return nil }
            if special.isOpaque, comparison != .equal, comparison != .notEqual { return nil }
            if let element = special.element, types(element, element, comparison) == nil { return nil }
            return (special, special)
        }
        guard let place = Overloads.selectOperator(candidates, left, right) else { return nil }
        return (candidates[place][0], candidates[place][1])
    }

    static func form(_ left: SQLType, _ right: SQLType) -> ComparisonForm {
        if left == .bpchar || right == .bpchar { return .padded }
        return left != right && (left == .date || right == .date) ? .timestamp : .same
    }
}
