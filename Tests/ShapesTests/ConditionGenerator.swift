import SeededRandom
import SyncModel

/// Makes conditions that are well typed for the most part, once as we read them (with parameters) and once
/// as PostgreSQL reads them (with literals in their places).
struct ConditionGenerator {
    var random: SeededGenerator
    private(set) var parameters: [String] = []

    /// `ours` and `theirs` differ only in parameters.
    struct Pair {
        var ours: String
        var theirs: String

        init(_ both: String) {
            ours = both
            theirs = both
        }

        init(ours: String, theirs: String) {
            self.ours = ours
            self.theirs = theirs
        }

        static func + (left: Pair, right: Pair) -> Pair {
            Pair(ours: left.ours + right.ours, theirs: left.theirs + right.theirs)
        }
        static func + (left: Pair, right: String) -> Pair { left + Pair(right) }
        static func + (left: String, right: Pair) -> Pair { Pair(left) + right }
    }

    init(seed: UInt64) {
        random = SeededGenerator(seed: seed)
    }

    mutating func condition() -> (Pair, parameters: [String]) {
        parameters = []
        let pair = boolean(depth: 3)
        return (pair, parameters)
    }

    private static let families: [[String]] = [
        ["bool"], ["int2", "int4", "int8", "float4", "float8", "numeric"], ["text", "varchar"], ["bpchar"], ["uuid"],
        ["date", "timestamp", "timestamptz"], ["mood"],
    ]

    private mutating func boolean(depth: Int) -> Pair {
        let choice = Int.random(in: depth > 0 ? 0..<14 : 3..<14, using: &random)
        switch choice {
        case 0:
            return "(" + boolean(depth: depth - 1) + random.pick([" AND ", " OR "]) + boolean(depth: depth - 1) + ")"
        case 1:
            return boolean(depth: depth - 1) + random.pick([" AND ", " OR "]) + boolean(depth: depth - 1)
                + random.pick([" AND ", " OR "]) + boolean(depth: depth - 1)
        case 2: return "NOT (" + boolean(depth: depth - 1) + ")"
        case 3: return Pair(random.pick(["bool_a", "bool_b", "TRUE", "false"]))
        case 4:
            return "(" + boolean(depth: depth - 1) + ") IS "
                + random.pick(["TRUE", "NOT TRUE", "FALSE", "NOT FALSE", "UNKNOWN", "NOT UNKNOWN"])
        case 5:
            return operand(random.pick(Self.families.flatMap { $0 }))
                + random.pick([" IS NULL", " IS NOT NULL", " NOTNULL"])
        case 6: return list()
        case 7: return between()
        case 8, 9: return like()
        case 10: return compared(random.pick([" IS DISTINCT FROM ", " IS NOT DISTINCT FROM "]))
        default: return compared(random.pick([" = ", " <> ", " < ", " <= ", " > ", " >= ", "!=", "="]))
        }
    }

    private mutating func compared(_ symbol: String) -> Pair {
        let family = random.pick(Self.families)
        let left = operand(random.pick(family), mayBeLiteral: random.once(in: 5))
        return "(" + left + symbol + operand(random.pick(family)) + ")"
    }

    private mutating func between() -> Pair {
        let family = random.pick(Self.families)
        let type = random.pick(family)
        return "(" + operand(type, mayBeLiteral: false)
            + random.pick([" BETWEEN ", " NOT BETWEEN ", " BETWEEN SYMMETRIC "])
            + operand(type) + " AND " + operand(random.pick(family)) + ")"
    }

    private mutating func list() -> Pair {
        let type = random.pick(random.pick(Self.families))
        var pair = operand(type, mayBeLiteral: false) + random.pick([" IN (", " NOT IN ("])
        for index in 0..<Int.random(in: 1...4, using: &random) {
            pair = pair + (index > 0 ? ", " : "") + (random.once(in: 8) ? Pair("NULL") : operand(type))
        }
        return "(" + pair + "))"
    }

    private mutating func like() -> Pair {
        let left = random.pick([
            "text_a", "text_b", "varchar_a", "mood_a::text", "int4_a::text", "bool_a::text",
            "(timestamp_a::date)::text",
            "(timestamptz_b::timestamp)::text", "numeric_a::text", "float8_a::text", "uuid_b::text", "bpchar_a::text",
        ])
        let patterns = [
            "a%", "%b%", "_", "%", "", "a_c", "a\\%c", "a\\_c", "%é", "É%", "a\\\\c", "__", "%C", "_a%", "\\", "x\\",
            "%a%b%c%", "ß", "%ss%", "2026%", "%0",
        ]
        let symbol = random.pick([" LIKE ", " NOT LIKE ", " ILIKE ", " NOT ILIKE "])
        return "(" + Pair(left) + symbol + (random.once(in: 6) ? Pair("text_b") : literal(random.pick(patterns))) + ")"
    }

    /// A column, a literal, or something made of one.
    private mutating func operand(_ type: String, mayBeLiteral: Bool = true) -> Pair {
        let column = "\(type)_\(random.pick(["a", "b"]))"
        if !mayBeLiteral || random.once(in: 4) {
            switch type {
            case "int2", "int4", "int8", "float4", "float8", "numeric":
                if random.once(in: 6) { return Pair("- \(column)") }
                if random.once(in: 6) {
                    return Pair("\(column)::\(random.pick(["int8", "int4", "int2", "float8", "float4"]))")
                }
            case "date", "timestamp", "timestamptz":
                if random.once(in: 6) { return Pair("\(column)::\(random.pick(["date", "timestamp", "timestamptz"]))") }
            default: break
            }
            return Pair(column)
        }
        let value = random.pick(OracleTable.kinds.first { $0.type == type }?.values ?? ["1"])
        if random.once(in: 4), type != "bpchar" {
            return random.once(in: 2) ? literal(value) + "::\(type)" : "CAST(" + literal(value) + " AS \(type))"
        }
        let isNumber = ["int2", "int4", "int8", "float4", "float8", "numeric"].contains(type)
        if isNumber, random.once(in: 2) {
            return Pair(
                random.pick([
                    "1", "0", "-1", "7", "1.1", "0.1", "9007199254740993", "2.5e1", "1e400", "3000000000",
                    "-2147483648", ".5",
                ]))
        }
        return literal(value)
    }

    private mutating func literal(_ value: String) -> Pair {
        guard random.once(in: 3) else { return Pair(quoted(value)) }
        parameters.append(value)
        return Pair(ours: "$\(parameters.count)", theirs: quoted(value))
    }
}
