import Foundation
import SyncModel
import Testing

@testable import Shapes

/// The chapters of Protocol/shapes.md on the language.
struct LanguageTests {
    private static let items = TableSchema(
        name: TableName(name: "items"),
        columns: [
            Column("n", number: 1, type: ColumnType("numeric")), Column("t", number: 2, type: ColumnType("text")),
            Column("at", number: 3, type: ColumnType("timestamptz")),
            Column("v", number: 4, type: ColumnType("tsvector")), Column("j", number: 5, type: ColumnType("jsonb")),
            Column("i", number: 6, type: ColumnType("int4")),
        ], primaryKey: [])

    private func truth(_ condition: String, _ values: [Value]) throws -> Truth {
        try Predicate(parsing: condition, table: Self.items).evaluate(
            Row(values), in: EvaluationContext(now: 1_000_000))
    }

    private func refusal(_ condition: String) -> String? {
        do throws(ShapeError) {
            _ = try Predicate(parsing: condition, table: Self.items)
            return nil
        } catch {
            return error.message
        }
    }

    @Test func listsEveryFunction() throws {
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        let file = root.deletingLastPathComponent().appendingPathComponent("Protocol/shapes.md")
        let text = try String(contentsOf: file, encoding: .utf8)
        for signature in Language.functions where signature.form == .call {
            #expect(text.contains("`\(signature.name)`"), "\(signature.name) is not in Protocol/shapes.md")
        }
        #expect(Language.functions.count > 250)
    }

    @Test(arguments: [
        ("n ^ 2 = 4", "numeric ^ numeric: cast one side to float8 is not supported"),
        ("sqrt(n) = 2", "sqrt(numeric): cast to float8 is not supported"),
        ("substring(t FROM 'a') = 'a'", "substring(text from pattern): use LIKE or ~ is not supported"),
        ("t SIMILAR TO 'a'", "SIMILAR TO is not supported yet"), ("t COLLATE \"C\" = 'a'", "the operator collate"),
        ("at > 'yesterday'", "invalid syntax for type timestamptz: yesterday"),
        ("count(*) > 1", "syntax error at or near \")\""),
        ("v > 'a'", "Could not select an operator overload"),
    ])
    func saysWhatItDoesNotServe(condition: String, message: String) {
        #expect(refusal(condition)?.contains(message) == true, "\(condition): \(refusal(condition) ?? "taken")")
    }

    @Test func refusesWhatNoBoundedMachineCanMatch() throws {
        let row: [Value] = [.null, "aa", .null, .null, .null, .null]
        for (pattern, name) in [("(a)\\1", "back-reference"), ("a(?=a)", "lookahead"), ("(?<!b)a", "lookbehind")] {
            guard case .error(let message) = try truth("t ~ '\(pattern)'", row) else {
                Issue.record("\(pattern) was matched")
                continue
            }
            #expect(message.contains(name))
        }
    }

    @Test func boundsTheWorkOfARegularExpression() throws {
        let text = Value(String(repeating: "a", count: 20_000))
        let row: [Value] = [.null, text, .null, .null, .null, .null]
        #expect(try truth("t ~ '(a*)*b'", row) == .false)
        guard case .error(let steps) = try truth("t ~ '((a|a|a|a){200}){20}b'", row) else { throw Unbounded() }
        #expect(steps.contains("too complex"))
        guard case .error(let work) = try truth("t ~ '(a|a|a|a|a|a|a){150}b'", row) else { throw Unbounded() }
        #expect(work.contains("at most 2000000 steps"))
    }

    private struct Unbounded: Error {}

    @Test func comparesUnknownTypesByTheirText() throws {
        let row: [Value] = [.null, .null, .null, "'a' 'b'", .null, .null]
        #expect(try truth("v = '''a'' ''b'''", row) == .true)
        #expect(try truth("v IS DISTINCT FROM 'a b'", row) == .true)
    }

    @Test func knowsOnlyZonesThatAreTheSameEverywhere() throws {
        let row: [Value] = [.null, .null, "2026-02-03 04:05:06+00", .null, .null, .null]
        #expect(try truth("at AT TIME ZONE 'UTC' = '2026-02-03 04:05:06'", row) == .true)
        #expect(try truth("at AT TIME ZONE interval '-02:00' = '2026-02-03 02:05:06'", row) == .true)
        #expect(try truth("at > NOW() - INTERVAL '30 days' AND CURRENT_DATE = '2000-01-01'", row) == .true)
        guard case .error(let message) = try truth("at AT TIME ZONE 'Europe/Rome' > '2026-01-01'", row) else {
            Issue.record("a named zone was taken")
            return
        }
        #expect(message.contains("is not supported"))
    }

    @Test func readsDocumentsToABoundedDepth() throws {
        func row(_ depth: Int) -> [Value] {
            let text = String(repeating: "[", count: depth) + String(repeating: "]", count: depth)
            return [.null, .null, .null, .null, Value(text), .null]
        }
        #expect(try truth("j @> '[]'", row(128)) == .true)
        #expect(try truth("j @> '[]'", row(129)) != .true)
        #expect(try truth("j @> '[]'", row(100_000)) != .true)
    }

    @Test func countsARowWhoseConditionFails() throws {
        let row: [Value] = [.null, .null, .null, .null, .null, "0"]
        #expect(try truth("10 / i > 1", row) == .error("division by zero"))
        #expect(try truth("i <> 0 AND 10 / i > 1", row) == .false)
        #expect(try truth("TRUE OR 1 / 0 = i", row) == .true)
        #expect(refusal("1 / 0 = i") == "At location 0: division by zero")
    }
}
