import SeededRandom
import Shapes

/// Makes expressions that exercise one feature of the language each, once as we read them (with parameters) and
/// once as PostgreSQL reads them (with literals in their places).
struct ExpressionGenerator {
    var random: SeededGenerator
    private(set) var parameters: [String] = []
    private var visits: [Feature: Int] = [:]
    /// The argument that is to be NULL this time.
    private var nullPlace: Int?
    /// An argument of the feature is NULL, written as such.
    private(set) var hasNull = false

    /// `ours` and `theirs` differ only in parameters, and in NOW().
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

        static func list(_ pairs: [Pair]) -> Pair {
            pairs.dropFirst().reduce(pairs.first ?? Pair("")) { $0 + ", " + $1 }
        }
    }

    init(seed: UInt64) {
        random = SeededGenerator(seed: seed)
    }

    mutating func expression(_ feature: Feature) -> Pair {
        parameters = []
        hasNull = false
        visits[feature, default: 0] += 1
        nullPlace =
            visits[feature, default: 0] % 3 == 2 ? Int.random(in: feature.arguments.indices, using: &random) : nil
        return build(feature, depth: 2)
    }

    // MARK: Arguments

    /// What functions take at certain places, where any value of the type would hardly ever do.
    private static let pools: [String: [String]] = [
        "like": [
            "a%", "%b%", "_", "%", "", "a_c", "a\\%c", "a\\_c", "%é", "É%", "a\\\\c", "__", "%C", "_a%", "\\", "x\\",
            "%a%b%c%", "ß", "%ss%", "2026%", "%0", "!%a", "%\n%",
        ],
        "regex": [
            "a", "^a", "c$", "^$", "a|b", "(ab|a)c?", "[a-c]+", "[^a]", "\\d", "\\w+", "\\s", "[[:alpha:]]+",
            "[[:digit:]-]+", "^.$", "a{2}", "a{0,1}b", "(a)(b)?", "(?:a|b)*c", "(?i)AB", "\\Aab\\Z", "\\mb", "b\\M",
            "a\\y",
            "\\Y", "[]x]", "[^]]", "(?n)b.c|^c", "***=a%c", "a*?b", "é", "[à-ü]", "\\u00e9", "(", "a**", "[b-a]",
            "[[:nope:]]",
            "\\x61", "a{3,2}", "", "(|a)b", "[[:upper:]]", "[[:space:]]", "\\.", "[\\w ]+", "^(a|)$", "\\", "b+?c*",
            "x?",
            "{1}", "a{,2}", "]", "[a", "(?x) a b # c", "[[=a=]]b", "[[.a.]]", "\\D", "[\\d]", "^[^0-9]+$", "+a", "ß|日",
        ],
        "field": [
            "microseconds", "milliseconds", "second", "minute", "hour", "day", "week", "month", "quarter", "year",
            "decade", "century", "millennium", "isoyear", "dow", "isodow", "doy", "epoch", "julian", "YEARS",
            "timezone",
            "nonsense", "mon",
        ],
        "clock field": ["hour", "minute", "second", "epoch", "milliseconds", "day"],
        "json bool": ["true", "false", "null"],
        "zone": ["UTC", "utc", "GMT", "+05:30", "-08"],
        "small": ["0", "1", "2", "3", "-1", "-2", "5", "10", "100"],
        "code": ["65", "233", "128512", "0", "-1", "55296", "1114112"],
        "json key": ["a", "a", "a", "b", "c", "aa", "0", "1", "", "é"],
        "object": [
            "{\"a\": 1}", "{\"a\": {\"b\": [1, 2, {\"c\": \"x\"}]}}", "{\"b\": \"y\", \"a\": null}",
            "[[1, 2], {\"a\": 0}]",
        ],
        "list": ["[1, 2, 3]", "[\"a\", null]", "[[1], {\"a\": 2}]", "7"],
        "path": ["{}", "{a}", "{a,b}", "{a,b,2,c}", "{0}", "{-1}", "{1,0}", "{NULL}", "{x,y}"],
        "keys": ["{}", "{a}", "{b,c}", "{a,NULL}", "{NULL}", "{1}"],
        "escape": ["!", "\\", "", "%", "ab"],
    ]

    private static func pool(_ feature: Feature, _ place: Int) -> String? {
        switch (feature.name, place) {
        case ("~~", 1), ("!~~", 1), ("~~*", 1), ("!~~*", 1), ("like", 1), ("notlike", 1), ("like_escape", 0): "like"
        case ("~", 1), ("!~", 1), ("~*", 1), ("!~*", 1): "regex"
        case ("date_part", 0) where feature.arguments[1] == "time": "clock field"
        case ("::bool", 0) where feature.arguments[0] == "jsonb": "json bool"
        case ("date_trunc", 0), ("date_part", 0), ("extract", 0): "field"
        case ("timezone", 0) where feature.arguments[0] == "text": "zone"
        case ("like_escape", 1): "escape"
        case ("chr", 0): "code"
        case ("->", 0), ("->>", 0), ("#>", 0), ("#>>", 0): feature.arguments[1] == "int4" ? "list" : "object"
        case ("->", 1), ("->>", 1), ("?", 1): feature.arguments[1] == "text" ? "json key" : "small"
        case ("#>", 1), ("#>>", 1): "path"
        case ("?|", 1), ("?&", 1): "keys"
        case ("-", 1) where feature.arguments[0] == "jsonb":
            feature.arguments[1] == "text" ? "json key" : feature.arguments[1] == "int4" ? "small" : "keys"
        case (_, 1...)
        where feature.form == .call && feature.arguments[min(place, feature.arguments.count - 1)] == "int4": "small"
        case ("<<", 1), (">>", 1): "small"
        default: nil
        }
    }

    mutating func argument(_ feature: Feature, _ place: Int, depth: Int) -> Pair {
        let type = feature.arguments[min(place, feature.arguments.count - 1)]
        if nullPlace == place || random.once(in: 16) {
            hasNull = true
            nullPlace = nil
            return Pair("NULL::\(type)")
        }
        if let pool = Self.pool(feature, place), !random.once(in: 6) {
            let value = random.pick(Self.pools[pool] ?? [])
            if feature.form == .extract, place == 0 { return Pair(quoted(value)) }
            return literal(value, type)
        }
        if feature.name.hasPrefix("::"), ["text", "varchar", "bpchar"].contains(type), !random.once(in: 3) {
            let values = OracleTable.values(feature.result)
            if !values.isEmpty { return literal(random.pick(values), type) }
        }
        return value(type, depth: depth)
    }

    /// A column, a literal, or something made by another feature.
    mutating func value(_ type: String, depth: Int) -> Pair {
        if depth > 0, random.once(in: 4), let makers = Feature.byResult[type] {
            return "(" + build(random.pick(makers), depth: depth - 1) + ")"
        }
        if random.once(in: 3) { return literal(random.pick(OracleTable.values(type)), type) }
        return Pair(OracleTable.column(type, random.pick(["a", "b"])))
    }

    private mutating func literal(_ value: String, _ type: String) -> Pair {
        // Without a type, so that it takes one.
        if random.once(in: 6), type != "mood", type != "mood[]" { return bare(value) }
        return "(" + bare(value) + "::\(type))"
    }

    private mutating func bare(_ value: String) -> Pair {
        guard random.once(in: 4) else { return Pair(quoted(value)) }
        parameters.append(value)
        return Pair(ours: "$\(parameters.count)", theirs: quoted(value))
    }

    // MARK: Forms

    mutating func build(_ feature: Feature, depth: Int) -> Pair {
        switch feature.form {
        case .infix:
            return "(" + argument(feature, 0, depth: depth) + " \(feature.name) " + argument(feature, 1, depth: depth)
                + ")"
        case .prefix: return "(\(feature.name) " + argument(feature, 0, depth: depth) + ")"
        case .call:
            let extra = feature.isVariadic ? Int.random(in: 0...2, using: &random) : 0
            let arguments = (0..<feature.arguments.count + extra).map { argument(feature, $0, depth: depth) }
            // A keyword, unless quoted.
            let name = feature.name == "like" ? "\"like\"" : feature.name
            return "\(name)(" + Pair.list(arguments) + ")"
        case .extract:
            return "EXTRACT(\(quoted(random.pick(Self.pools["field"] ?? []))) FROM "
                + argument(feature, 1, depth: depth) + ")"
        case .template: return template(feature, depth: depth)
        }
    }

    /// `$1` … `$9` stand for the arguments, `$n` for NOW().
    private mutating func template(_ feature: Feature, depth: Int) -> Pair {
        let template = random.pick(feature.templates)
        if let place = nullPlace, !template.contains("$\(place + 1)") {
            nullPlace = feature.arguments.indices.first { template.contains("$\($0 + 1)") }
        }
        var pair = Pair("")
        var isPlace = false
        var made: [Int: Pair] = [:]
        for character in template {
            if isPlace {
                isPlace = false
                if character == "n" {
                    pair = pair + Pair(ours: "now()", theirs: "'\(EvaluatorOracle.now)'::timestamptz")
                } else if let place = character.wholeNumberValue {
                    let argument = made[place] ?? argument(feature, place - 1, depth: depth)
                    made[place] = argument
                    pair = pair + argument
                }
            } else if character == "$" {
                isPlace = true
            } else {
                pair = pair + String(character)
            }
        }
        return pair
    }
}
