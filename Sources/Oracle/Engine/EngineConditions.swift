import JSONText
import SeededRandom

/// Conditions on one table's rows, and sub-selects of the others'.
struct EngineConditions {
    let tables: EngineTables
    /// Of the person whose shape it is: their sub-selects are confined to it too.
    var access: EngineAccess?

    typealias Condition = EnginePlan.Condition

    func condition(of table: Int, _ random: inout SeededGenerator) -> Condition {
        switch Int.random(in: 0..<10, using: &random) {
        case 0, 1, 2: return subselect(of: table, as: tables[table].name, depth: 2, &random)
        case 3: return time(&random, table)
        case 4: return failing(&random, table)
        case 5:
            let one = plain(tables[table], &random)
            let other = subselect(of: table, as: tables[table].name, depth: 1, &random)
            let joint = random.pick([" OR ", " AND "])
            return Condition(
                text: one + joint + other.text, sql: one + joint + other.sql, features: other.features,
                asksTimeInside: other.asksTimeInside)
        default:
            let text = plain(tables[table], &random)
            return Condition(text: text, sql: text)
        }
    }

    /// Of no features, in no need of a qualifier.
    func plain(_ table: EngineTable, _ random: inout SeededGenerator) -> String {
        let column = random.pick(table.columns)
        let name = column.name
        let value = random.pick(column.kind.values)
        let other = random.pick(column.kind.values)
        let compared = random.pick(["=", "<>", "<", "<=", ">", ">="])
        var forms = [
            "\(name) = \(value)", "\(name) \(compared) \(value)", "NOT \(name) = \(value)", "\(name) IS NOT NULL",
            "\(name) IN (\(value), \(other))", "\(name) IS DISTINCT FROM \(value)",
            "\(name) \(compared) \(value) OR \(name) IS NULL", "\(name) NOT IN (\(value), \(other))",
        ]
        switch column.kind {
        case .int: forms += ["\(name) % 2 = 1", "\(name) BETWEEN 1 AND 3"]
        case .text: forms += ["\(name) LIKE '%v%'", "length(\(name)) > 0"]
        case .bool: forms += [name, "NOT \(name)", "\(name) IS NOT TRUE"]
        case .numeric: forms += ["\(name) + 1 > 2"]
        case .time, .mood: break
        }
        return random.pick(forms)
    }

    /// How long ago, in seconds, conditions ask for.
    static let ages = [0, 5, 20]

    private func time(_ random: inout SeededGenerator, _ table: Int) -> Condition {
        guard let column = tables[table].columns(of: .time).first else {
            let text = plain(tables[table], &random)
            return Condition(text: text, sql: text)
        }
        let other = plain(tables[table], &random)
        let text = random.pick([
            "\(column) > NOW()", "\(column) <= NOW() - INTERVAL '\(Self.ages[1]) seconds'",
            "NOT \(column) < NOW() OR \(other)",
            "\(column) > NOW() - INTERVAL '\(Self.ages[2]) seconds' AND \(other)", "NOW() >= \(column)",
        ])
        return Condition(text: text, sql: Self.withTime(text), features: [.timeCondition])
    }

    /// The moment is the query's first parameter.
    static func withTime(_ text: String) -> String {
        text.replacing("NOW()", with: "(timestamptz '2000-01-01 00:00:00+00' + $1::int8 * interval '1 microsecond')")
    }

    /// A row whose condition fails is outside; PostgreSQL would end the query.
    private func failing(_ random: inout SeededGenerator, _ table: Int) -> Condition {
        guard let column = tables[table].columns(of: .int).randomElement(using: &random) else {
            let text = plain(tables[table], &random)
            return Condition(text: text, sql: text)
        }
        let text = "6 / \(column) > 2"
        return Condition(
            text: text, sql: "CASE WHEN \(column) = 0 THEN false ELSE \(text) END", features: [.failingCondition])
    }

    // MARK: - Sub-selects

    /// - Parameter alias: what the row around is called.
    private func subselect(
        of table: Int, as alias: String, depth: Int, _ random: inout SeededGenerator
    ) -> Condition {
        let inside = Int.random(in: tables.tables.indices, using: &random)
        let inner = "i\(depth)"
        var condition = plain(tables[inside], &random)
        var sql = condition
        var features: Set<EngineFeature> = []
        var asksTimeInside = false
        if depth > 0, random.once(in: 2) {
            let nested = subselect(of: inside, as: inner, depth: depth - 1, &random)
            condition += " AND \(nested.text)"
            sql += " AND \(nested.sql)"
            features.formUnion(nested.features)
            asksTimeInside = nested.asksTimeInside
            features.insert(.nestedSubselect)
        }
        // OR inside would take what is beside it along.
        condition = "(\(condition))"
        sql = "(\(sql))"
        if let rule = access?.sql(of: inside, row: inner) {
            sql += " AND \(rule)"
            features.insert(.ruleInSubselect)
            asksTimeInside = asksTimeInside || access?.rules[inside]?.asksTime == true
        }
        guard let (own, other) = columns(table, inside, &random) else {
            return Condition(text: "TRUE", sql: "TRUE")
        }
        let source = "FROM \(tables[inside].name) AS \(inner) WHERE "
        var start = "\(own) IN (SELECT \(other) \(source)"
        switch Int.random(in: 0..<6, using: &random) {
        case 0, 1: features.insert(.inSubselect)
        case 2, 3:
            start = random.pick(["NOT \(start)", "\(own) NOT IN (SELECT \(other) \(source)"])
            features.insert(.notInSubselect)
        case 4:
            if let (second, theirs) = columns(table, inside, &random) {
                start = "(\(own), \(second)) IN (SELECT \(other), \(theirs) \(source)"
            }
            features.insert(.inSubselect)
        default:
            let negation = random.pick(["", "NOT "])
            start = "\(negation)EXISTS (SELECT 1 \(source)\(inner).\(other) = \(alias).\(own) AND "
            features.insert(.existsCorrelated)
        }
        return Condition(
            text: "\(start)\(condition))", sql: "\(start)\(sql))", features: features, asksTimeInside: asksTimeInside)
    }

    /// Of the same kind: often a reference and what it refers to.
    private func columns(
        _ outer: Int, _ inner: Int, _ random: inout SeededGenerator
    ) -> (outer: String, inner: String)? {
        var likely: [(String, String)] = []
        for reference in tables[outer].references where reference.table == inner {
            likely.append((reference.columns[0], reference.referenced[0]))
        }
        for reference in tables[inner].references where reference.table == outer {
            likely.append((reference.referenced[0], reference.columns[0]))
        }
        if !likely.isEmpty, random.once(in: 2) { return random.pick(likely) }
        let own = random.pick(tables[outer].columns)
        return tables[inner].columns(of: own.kind).randomElement(using: &random).map { (own.name, $0) }
    }
}

extension EngineConditions {
    /// `{"column": value}`: a value, several, or NULL.
    func equality(of table: EngineTable, _ random: inout SeededGenerator) -> EnginePlan.Equality {
        let column = random.pick(table.columns)
        let values = [random.pick(column.kind.values), random.pick(column.kind.values)]
        switch Int.random(in: 0..<5, using: &random) {
        case 0: return EnginePlan.Equality(column: column.name, json: .null, sql: "\(column.name) IS NULL")
        case 1:
            return EnginePlan.Equality(
                column: column.name, json: .array(values.map { json($0, column.kind) }),
                sql: "\(column.name) IN (\(values.joined(separator: ", ")))")
        default:
            return EnginePlan.Equality(
                column: column.name, json: json(values[0], column.kind), sql: "\(column.name) = \(values[0])")
        }
    }

    private func json(_ literal: String, _ kind: EngineKind) -> JSON {
        switch kind {
        case .int: .int(Int64(literal) ?? 0)
        case .bool: .bool(literal == "true")
        case .numeric: .string(literal)
        case .text, .time, .mood: .string(String(literal.dropFirst().dropLast()))
        }
    }
}
