import SeededRandom
import Shapes
import SyncModel

/// One person's sight of the generated tables: the read rules, and the claims that they ask for.
struct EngineAccess {
    /// By index of the table; the others are everyone's.
    let rules: [Int: EngineRule]
    let person: EnginePerson

    /// As SQL but for the claims, of a table's row that is called `row`; nil where the rules restrict nobody.
    func sql(of table: Int, row: String) -> String? {
        rules[table].map { "(\($0.sql.replacing("{row}", with: row)))" }
    }

    /// The same rules for somebody else.
    func of(_ other: EnginePerson) -> EngineAccess { EngineAccess(rules: rules, person: other) }

    func access(_ tables: EngineTables) throws -> ReadAccess {
        var parsed: [TableName: ReadRule] = [:]
        for (index, table) in tables.tables.enumerated() {
            parsed[TableName(table.name)] = try rules[index].map { try ReadRule(parsing: Text($0.text)) } ?? .everyone
        }
        return ReadAccess(rules: ReadRules(parsed, areNeeded: true), claims: person.claims)
    }

    /// For people.
    func text(_ tables: EngineTables) -> String {
        let rules = tables.tables.indices.compactMap { index in
            self.rules[index].map { "\(tables[index].name): \($0.text)" }
        }
        return "\(person.claims.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }) under \(rules)"
    }
}

struct EngineRule {
    /// In the language.
    var text: String
    /// In PostgreSQL's, with `{row}` for the row's name, and `{claim}` for a claim.
    var sql: String
    var asksTime = false
}

extension EngineRule {
    /// Where nothing but the name of who asks is known, which stands for word and number.
    var textByName: String {
        ["number", "word"].reduce(text) { $0.replacing("auth.\($1)", with: "auth.user_id") }
    }
}

/// Claims that fit, that do not, and that are lacking.
struct EnginePerson {
    private let number: String?
    private let word: String?
    private let role: String?
    private let list: String?

    static let all = [
        EnginePerson(number: "1", word: "u", role: "admin", list: #"["u", "v/w"]"#),
        EnginePerson(number: "3", word: "B", role: nil, list: #"["B", ""]"#),
        EnginePerson(number: "x", word: nil, role: "guest", list: nil),
    ]

    var claims: [Text: Text] {
        [Text("number"): number, Text("word"): word, Text("role"): role, Text("list"): list]
            .compactMapValues { $0.map { Text($0) } }
    }

    /// One of whom only the name is known.
    init(named name: String) {
        self.init(number: name, word: name, role: nil, list: nil)
    }

    private init(number: String?, word: String?, role: String?, list: String?) {
        self.number = number
        self.word = word
        self.role = role
        self.list = list
    }

    /// SQL with the claims in it.
    func filled(_ sql: String) -> String {
        literals.reduce(sql) { $0.replacing("{\($1.name)}", with: $1.sql) }
    }

    /// Literals without a type; NULL for what is lacking, or is no number.
    private var literals: [(name: String, sql: String)] {
        [("number", number.flatMap(Int.init).map(String.init)), ("word", word), ("role", role), ("list", list)]
            .map { ($0.0, $0.1.map { "'\($0)'" } ?? "NULL") }
    }
}

/// Makes up rules.
struct EngineRules {
    let tables: EngineTables

    /// Of about two tables in three.
    func rules(_ random: inout SeededGenerator) -> [Int: EngineRule] {
        var rules: [Int: EngineRule] = [:]
        for index in tables.tables.indices where !random.once(in: 3) { rules[index] = rule(of: index, &random) }
        return rules
    }

    private func rule(of index: Int, _ random: inout SeededGenerator) -> EngineRule {
        let table = tables[index]
        let plain = EngineConditions(tables: tables).plain(table, &random)
        let int = table.columns(of: .int).randomElement(using: &random)
        let text = table.columns(of: .text).randomElement(using: &random)
        switch Int.random(in: 0..<8, using: &random) {
        case 0: return same("{role} = 'admin' OR \(plain)")
        case 1:
            guard let int else { break }
            return same("\(int) \(random.pick(["=", "<>", ">=", "IS DISTINCT FROM"])) {number} OR \(plain)")
        case 2:
            guard let text else { break }
            return same(random.pick(["\(text) <> {word}", "\(text) = {word} OR \(plain)", "{list}::jsonb ? \(text)"]))
        case 3:
            // Where the condition fails nothing is permitted; PostgreSQL would end the query.
            guard let int else { break }
            var rule = same("12 / \(int) > {number}::int4")
            rule.sql = "CASE WHEN \(int) = 0 THEN false ELSE \(rule.sql) END"
            return rule
        case 4:
            guard let time = table.columns(of: .time).first else { break }
            var rule = same("\(time) <= NOW() OR \(plain)")
            rule.sql = EngineConditions.withTime(rule.sql)
            rule.asksTime = true
            return rule
        default: return subselect(of: index, or: plain, &random)
        }
        return same(plain)
    }

    /// Of a text that is both, with `{claim}` for a claim.
    private func same(_ text: String) -> EngineRule {
        EngineRule(text: Self.withClaims(text), sql: text)
    }

    private static func withClaims(_ text: String) -> String {
        ["number", "word", "role", "list"].reduce(text) { $0.replacing("{\($1)}", with: "auth.\($1)") }
    }

    /// It reads its table without rules.
    private func subselect(of index: Int, or plain: String, _ random: inout SeededGenerator) -> EngineRule {
        let inside = Int.random(in: tables.tables.indices, using: &random)
        let own = random.pick(tables[index].columns)
        guard let other = tables[inside].columns(of: own.kind).randomElement(using: &random) else { return same(plain) }
        var condition = EngineConditions(tables: tables).plain(tables[inside], &random)
        if let text = tables[inside].columns(of: .text).randomElement(using: &random), random.once(in: 2) {
            condition = "(\(condition)) OR r.\(text) = {word}"
        }
        let source = "FROM \(tables[inside].name) AS r WHERE"
        let form = random.pick([
            "{row}.\(own.name) IN (SELECT \(other) \(source) \(condition))",
            "{row}.\(own.name) NOT IN (SELECT \(other) \(source) \(condition))",
            "EXISTS (SELECT 1 \(source) r.\(other) = {row}.\(own.name) AND (\(condition)))",
        ])
        let whole = random.pick([form, "\(form) OR {role} = 'admin'", "\(form) AND (\(plain))"])
        return EngineRule(
            text: Self.withClaims(whole.replacing("{row}", with: tables[index].name)), sql: whole)
    }
}

/// What the engine is given in place of a person's own sight: each of these has to be noticed.
package enum EngineCanary: String, CaseIterable, Sendable {
    case rulesLeftOut
    case anothersClaims

    func access(_ access: EngineAccess) -> EngineAccess? {
        switch self {
        case .rulesLeftOut: return nil
        case .anothersClaims:
            let others = EnginePerson.all.filter { $0.claims != access.person.claims }
            return others.first.map(access.of)
        }
    }
}
