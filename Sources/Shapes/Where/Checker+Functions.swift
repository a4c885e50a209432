import SyncModel

extension Checker {
    mutating func function(_ path: [String], _ arguments: [Syntax], _ at: Int) throws(ShapeError) -> Expression {
        let name = path.count == 2 && path[0] == "pg_catalog" ? path[1] : path.joined(separator: ".")
        switch (name, arguments.count) {
        case ("now", 0), ("transaction_timestamp", 0), ("current_timestamp", 0): return .now
        case ("localtimestamp", 0): return .cast(.now, from: .timestamptz, to: .timestamp)
        case ("current_date", 0): return .cast(.now, from: .timestamptz, to: .date)
        case ("coalesce", 1...): return try coalesce(arguments, at)
        case ("greatest", 1...): return try extreme(arguments, isGreatest: true, at)
        case ("least", 1...): return try extreme(arguments, isGreatest: false, at)
        case ("nullif", 2): return try nullIf(arguments[0], arguments[1], at)
        default: break
        }
        let operands = try operands(arguments)
        if let special = try Arrays.named(name, operands, &self, at) { return special }
        return try named(name, operands, at)
    }

    private mutating func named(_ name: String, _ operands: [Operand], _ at: Int) throws(ShapeError) -> Expression {
        guard let functions = Catalogue.named[name] else { throw unknownFunction(name, operands.count, at) }
        if let variadic = functions.first(where: \.isVariadic) {
            guard operands.count >= variadic.arguments.count else { throw unknownFunction(name, operands.count, at) }
            var texts: [Operand] = []
            for operand in operands { texts.append(try textual(operand)) }
            return try call(variadic, texts, at)
        }
        let candidates = functions.filter { $0.arguments.count == operands.count }
        guard !candidates.isEmpty else { throw unknownFunction(name, operands.count, at) }
        let types = operands.map(\.type)
        let exact = types.contains(nil) ? nil : candidates.firstIndex { $0.arguments.map(Optional.some) == types }
        guard let place = exact ?? Overloads.select(candidates.map(\.arguments), types) else {
            throw noFunction(name, types, candidates: candidates.map(\.arguments), at)
        }
        // PostgreSQL makes a timestamp of a date here, and not in EXTRACT.
        if name == "date_part", candidates[place].arguments[1] == .date,
            let stamp = candidates.first(where: { $0.arguments[1] == .timestamp })
        {
            return try call(stamp, operands, at)
        }
        return try call(candidates[place], operands, at)
    }

    private func unknownFunction(_ name: String, _ count: Int, _ at: Int) -> ShapeError {
        error(at, "unknown or unsupported function \(name)/\(count)")
    }
}
