import Postgres
import SeededRandom
import ShapeEngine
import Shapes
import SyncModel

/// One schema, some shapes over it, and transactions one after the other.
struct EngineWorld {
    private let seed: UInt64
    private var random: SeededGenerator
    private let tables: EngineTables
    private let schema: DatabaseSchema
    /// Empty where everybody may read everything.
    private let rules: [Int: EngineRule]
    private let canary: EngineCanary?
    private var ruleRandom: SeededGenerator
    private var followed: [FollowedShape] = []
    private var live: LiveShapes
    private var rows = EngineRows()

    private static let shapeCount = 6
    private static let transactions = 25
    /// Where the moments of the generated rows begin, in microseconds.
    private static let start: Int64 = 5_000_000

    init(seed: UInt64, canary: EngineCanary? = nil) {
        self.seed = seed
        self.canary = canary
        random = SeededGenerator(seed: seed)
        tables = EngineTables(&random)
        schema = tables.schema
        // Apart, so that the kept worlds, all without rules, stay as they were when they failed.
        ruleRandom = SeededGenerator(seed: ~seed)
        rules = seed % 3 == 2 ? [:] : EngineRules(tables: tables).rules(&ruleRandom)
        live = LiveShapes(schema: schema, now: Self.start)
    }

    mutating func run(_ connection: PostgresConnection, _ report: inout EngineReport) throws {
        let plans = choosePlans()
        report.shapes += plans.count
        let sql = EngineSQL(tables, plans)
        try connection.execute(tables.creation)
        try connection.execute(script(statements: 70, only: .insert))
        rows = try read(connection, sql, plans.count).rows
        for plan in plans {
            let shape = try FollowedShape(plan, schema)
            try subscribe(shape)
        }
        try addVariants(&report)
        for round in 0..<Self.transactions {
            if round == Self.transactions / 2 { try subscribeLate(plans, &report) }
            try step(round, connection, sql, plans.count, &report)
        }
        for shape in followed where shape.isPrinted && shape.changes > 0 && shape.rowsSeen > 0 {
            report.reach(shape.plan)
        }
    }

    /// Of many, those that together have the most pairs of features.
    private mutating func choosePlans() -> [EnginePlan] {
        var candidates = (0..<20).map { _ in
            var plan = EnginePlan(tables, for: chooseAccess(), &random)
            plan.canary = canary
            return (plan: plan, pairs: EngineFeature.pairs(in: plan.features), atNodes: plan.nodePairs)
        }
        candidates.removeAll { $0.plan.asksTimeInside }
        var reached: Set<EngineFeature.Pair> = []
        var atNodes: Set<EngineFeature.Pair> = []
        var chosen: [EnginePlan] = []
        while chosen.count < Self.shapeCount {
            let gains = candidates.map { candidate in
                candidate.pairs.count { !reached.contains($0) } + candidate.atNodes.count { !atNodes.contains($0) }
            }
            guard let best = gains.indices.max(by: { gains[$0] < gains[$1] }) else { break }
            let candidate = candidates.remove(at: best)
            reached.formUnion(candidate.pairs)
            atNodes.formUnion(candidate.atNodes)
            chosen.append(candidate.plan)
        }
        return chosen
    }

    /// Somebody who is under the rules, or nobody.
    private mutating func chooseAccess() -> EngineAccess? {
        guard !rules.isEmpty, !ruleRandom.once(in: 4) else { return nil }
        return EngineAccess(rules: rules, person: ruleRandom.pick(EnginePerson.all))
    }

    private mutating func subscribe(_ shape: FollowedShape) throws {
        var shape = shape
        try live.add(Int64(followed.count), shape.shape, source: rows)
        try shape.start(rows, live.view)
        followed.append(shape)
    }

    private mutating func addVariants(_ report: inout EngineReport) throws {
        for base in followed.indices {
            let relation = random.pick(EngineRelation.allCases)
            guard let variants = relation.variants(of: followed[base].plan, &random) else { continue }
            for variant in variants {
                var shape = try FollowedShape(variant, schema)
                shape.likes = base
                shape.relation = relation
                try subscribe(shape)
            }
            report.relations[relation, default: 0] += 1
        }
    }

    /// The same shapes, from a snapshot in the middle.
    private mutating func subscribeLate(_ plans: [EnginePlan], _ report: inout EngineReport) throws {
        for base in plans.indices where random.once(in: 2) {
            var shape = try FollowedShape(plans[base], schema)
            shape.likes = base
            try subscribe(shape)
            report.late += 1
        }
    }
}

// MARK: - Steps

extension EngineWorld {
    private mutating func script(statements: Int, only kind: EngineTransactions.Kind? = nil) -> String {
        EngineTransactions(tables: tables).script(statements: statements, only: kind, &random)
    }

    private mutating func step(
        _ round: Int, _ connection: PostgresConnection, _ sql: EngineSQL, _ count: Int,
        _ report: inout EngineReport
    ) throws {
        // Now and then nothing happens but time.
        if round % 5 != 4 {
            let size = random.once(in: 8) ? 12 : Int.random(in: 1...5, using: &random)
            try connection.execute(script(statements: size))
        }
        let time = live.now + Int64.random(in: 0...4, using: &random) * 1_000_000
        let answer = try read(connection, sql, count, now: max(time, live.now))
        let changes = rows.changes(to: answer.rows, in: schema)
        let step = try stepped(changes, to: answer.rows, time, round)
        for (id, found) in step.touched {
            let errors = followed[Int(id)].apply(found, changes, &report)
            for error in errors { note(error, round, followed[Int(id)], &report) }
        }
        live.commit(step)
        rows = answer.rows
        report.transactions += 1
        compare(answer, round, &report)
    }

    /// The views in turn: both whole, the new one over the old, the old one under the new.
    private func stepped(
        _ changes: [RowChange], to new: EngineRows, _ time: Int64, _ round: Int
    ) throws -> LiveShapes.Step {
        switch round % 3 {
        case 0: return try live.step(changes, time: time, before: rows, after: new)
        case 1:
            let after = DeltaSource(base: rows, changes: changes)
            return try live.step(changes, time: time, before: rows, after: after)
        default:
            let before = DeltaSource(base: new, undoing: changes)
            return try live.step(changes, time: time, before: before, after: new)
        }
    }

    private func compare(_ answer: EngineAnswer, _ round: Int, _ report: inout EngineReport) {
        for (index, content) in answer.contents.enumerated() {
            let shape = followed[index]
            report.comparisons += 1
            report.rows += content.values.reduce(0) { $0 + $1.count }
            report.rowsOnTwoPaths += answer.doubled[index]
            if let difference = shape.difference(from: content) {
                note("PostgreSQL differs: \(difference)", round, shape, &report)
            }
        }
        for shape in followed {
            guard let base = shape.likes, shape.relation != .splitInTwo else { continue }
            if let difference = shape.difference(from: followed[base].content) {
                note("\(shape.relation?.rawValue ?? "late") differs: \(difference)", round, shape, &report)
            }
        }
        compareHalves(round, &report)
    }

    private func compareHalves(_ round: Int, _ report: inout EngineReport) {
        for base in followed.indices {
            let halves = followed.filter { $0.likes == base && $0.relation == .splitInTwo }
            guard halves.count == 2 else { continue }
            let union = halves[0].content.merging(halves[1].content) { $0.merging($1) { one, _ in one } }
            if let difference = followed[base].difference(from: union) {
                note("splitInTwo differs: \(difference)", round, halves[0], &report)
            }
        }
    }

    private func note(_ text: String, _ round: Int, _ shape: FollowedShape, _ report: inout EngineReport) {
        report.note(
            "world \(seed) round \(round): \(text): \(shape.plan.json) "
                + "\(shape.plan.access.map { "for \($0.text(tables)) " } ?? "")over \(tables.creation)")
    }

    /// Rows and contents, of one moment.
    private func read(
        _ connection: PostgresConnection, _ sql: EngineSQL, _ count: Int, now: Int64 = Self.start
    ) throws -> EngineAnswer {
        try EngineAnswer(connection, sql, schema, shapes: count, now: now)
    }
}
