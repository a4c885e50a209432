import Foundation
import Postgres

/// What `NOW()` is in a world whose rows have times of the year 2000: some time of that night, which goes on with the
/// real one, so that time alone changes who is in a shape while programs run and are killed.
struct SystemClock {
    /// Between the world's time and the real one.
    private let seconds: Int

    /// The world begins shortly before the first of its rows' times.
    init() {
        let sinceThen = Date().timeIntervalSince(Date(timeIntervalSince1970: 946_684_800))
        seconds = Int(sinceThen) - (EngineKind.seconds[0] - 3)
    }

    /// In the language: a condition on NOW() as one on the world's time.
    func set(_ text: String) -> String { text.replacing("NOW()", with: "NOW() - INTERVAL '\(seconds) seconds'") }

    func set(_ rule: EngineRule) -> EngineRule {
        var rule = rule
        rule.text = set(rule.text)
        return rule
    }

    func set(_ plan: EnginePlan) -> EnginePlan {
        var plan = plan
        plan.root = set(plan.root)
        return plan
    }

    private func set(_ node: EnginePlan.Node) -> EnginePlan.Node {
        var node = node
        for index in node.conditions.indices { node.conditions[index].text = set(node.conditions[index].text) }
        node.children = node.children.map(set)
        return node
    }

    /// Microseconds since 2000 in the world, by PostgreSQL's clock.
    func now(_ connection: PostgresConnection) throws -> Int64 {
        let text = try connection.query(
            "SELECT (extract(epoch FROM clock_timestamp() - timestamptz '2000-01-01 00:00:00+00') * 1000000)::int8")
        return (Int64(text.value ?? "") ?? 0) - Int64(seconds) * 1_000_000
    }

    /// How often a generated condition on the time changes its mind of a generated row, after the one and up to the
    /// other.
    static func changes(after start: Int64, upTo end: Int64) -> Int {
        EngineKind.seconds.reduce(0) { count, second in
            count
                + EngineConditions.ages.count { age in
                    let moment = Int64(second + age) * 1_000_000
                    return start < moment && moment <= end
                }
        }
    }
}
