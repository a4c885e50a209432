import Dispatch
import Foundation
import SeededRandom
import SyncModel
import Testing

@testable import Shapes

/// The words and places of Electric 1.7, which its clients show to people.
struct PredicateErrorTests {
    private static let items = TableSchema(
        name: TableName(name: "items"),
        columns: [
            Column("id", number: 1, type: ColumnType("uuid"), isNotNull: true),
            Column("n", number: 2, type: ColumnType("int4")),
            Column("value", number: 3, type: ColumnType("text")), Column("flag", number: 4, type: ColumnType("bool")),
            Column("created_at", number: 5, type: ColumnType("timestamptz")),
            Column("m", number: 6, type: ColumnType("mood", labels: ["sad", "ok"])),
            Column("j", number: 7, type: ColumnType("jsonb")), Column("é", number: 8, type: ColumnType("float8")),
            Column("tags", number: 9, type: ColumnType("text", dimensions: 1)),
        ],
        primaryKey: ["id"])

    private func refusal(_ condition: String, _ parameters: [Text] = []) -> ShapeError? {
        do throws(ShapeError) {
            _ = try Predicate(parsing: condition, parameters: parameters, table: Self.items)
            return nil
        } catch {
            return error
        }
    }

    @Test(arguments: [
        ("n =", "At location 18: syntax error at end of input"),
        ("nope = 1", "At location 0: unknown reference nope"),
        ("n = 'x'", "At location 4: invalid syntax for type int4: x"),
        ("n", "WHERE clause must return a boolean"),
        ("n < $1", "At location 4: parameter $1 was not provided"),
        ("m = 'happy' AND value = 'w'", "At location 4: invalid syntax for type enum mood: happy"),
    ])
    func saysWhatElectricRecordedFor(condition: String, message: String) {
        #expect(refusal(condition)?.message == message)
        #expect(refusal(condition)?.field == "where")
    }

    @Test(arguments: [
        ("", "At location 15: syntax error at end of input"),
        ("n = )", "At location 19: syntax error at or near \")\""),
        ("n = 1 = 2", "At location 21: syntax error at or near \"=\""),
        ("\"é\" = 1 extra", "At location 23: syntax error at or near \"extra\""),
        ("\"é\" = 'x'", "At location 7: invalid syntax for type float8: x"),
        ("value = 'open", "At location 23: unterminated quoted string at or near \"'open\""),
        ("\"open = 1", "At location 15: unterminated quoted identifier at or near \"\"open = 1\""),
        ("n = 1 /* open", "At location 21: unterminated /* comment at or near \"/* open\""),
        ("n = 12ab", "At location 19: trailing junk after numeric literal at or near \"12a\""),
        ("n = 1; n = 2", "unescaped \";\" causing statement split"),
        ("n = 1 ORDER BY n", "malformed query ending with SQL clauses"),
        ("select = 1", "At location 15: syntax error at or near \"select\""),
        ("other.n = 1", "At location 0: unknown reference other.n"),
        ("\"N\" = 1", "At location 0: unknown reference \"N\""),
        ("n = value", "At location 2: Could not select an operator overload"),
        ("value = 1", "At location 6: Could not select an operator overload"),
        ("n LIKE 'a'", "At location 2: Could not select an operator overload"),
        ("j > '{'", "At location 4: invalid syntax for type jsonb: {"),
        ("j > 1", "At location 2: Could not select an operator overload"),
        ("n AND flag", "At location 0: reference n of type int4 is not castable to bool"),
        ("flag = 'maybe'", "At location 7: invalid syntax for type bool: maybe"),
        ("n IS TRUE", "At location 2: argument of IS TRUE must be bool, not int4"),
        ("n = 3000000000::int4", "At location 4: could not cast value 3000000000 from int8 to int4"),
        ("n = 'x'::int4", "At location 4: could not cast value \"x\" from text to int4"),
        ("n = 'x'::money", "At location 9: unsupported type money"),
        ("created_at > 'soon'", "At location 13: invalid syntax for type timestamptz: soon"),
        ("id = 'x'", "At location 5: invalid syntax for type uuid: x"),
        ("n IN (1, 'x')", "At location 9: invalid syntax for type int4: x"),
        ("upside(value) = 'x'", "At location 0: unknown or unsupported function upside/1"),
        ("lower(n) = 'x'", "At location 0: Could not select a function overload"),
        ("n = !! 1", "At location 4: unknown unary operator !!"),
        ("NULL", "WHERE clause must return a boolean"),
        ("'t'", "WHERE clause must return a boolean"),
        ("n + value = 2", "At location 2: Could not select an operator overload"),
        ("1 / 0 = n", "At location 0: division by zero"),
        ("n IN (SELECT 1)", "At location 6: a sub-select without a table is not supported yet"),
        ("n IN (SELECT m FROM other)", "At location 6: Table public.other does not exist, or is not published"),
        ("n IN (SELECT n, n FROM items)", "At location 2: subquery has too many columns"),
        ("(n, n) IN (SELECT n FROM items)", "At location 7: subquery has too few columns"),
        ("n IN (SELECT n FROM items i JOIN items)", "At location 28: JOIN in a sub-select is not supported yet"),
        ("n IN (SELECT n FROM items LIMIT 1)", "At location 26: LIMIT in a sub-select is not supported yet"),
        ("n = (SELECT n FROM items)", "At location 4: a sub-select that stands for a value is not supported yet"),
        (
            "EXISTS (SELECT FROM items i WHERE i.n < items.n)",
            "At location 8: a sub-select refers to the row around it only by `own value = outer value`, joined by AND"
        ),
    ])
    func saysWhatIsWrong(condition: String, message: String) {
        #expect(refusal(condition)?.message == message)
    }

    @Test(arguments: [
        ("id = n", "operator does not exist: uuid = integer; cast both sides to one type, as in `value::text`"),
        ("n = value", "operator does not exist: integer = text; cast the left side, as in `value::text`"),
        ("value = 1", "operator does not exist: text = integer; cast the right side, as in `value::text`"),
        ("flag = 1", "operator does not exist: boolean = integer; cast the left side, as in `value::int4`"),
        ("n + value = 2", "operator does not exist: integer + text; cast the right side, as in `value::int4`"),
        (
            "n IN (1, 2) AND id IN (1, 2)",
            "operator does not exist: uuid = integer; cast both sides to one type, as in `value::text`"
        ),
        (
            "created_at + n > now()",
            "operator does not exist: timestamp with time zone + integer; a cast may help (`value::type`)"
        ),
        ("n == 1", "operator does not exist: integer == integer; write ="),
        ("value == 'a'", "operator does not exist: text == unknown; write ="),
        ("flag && flag", "operator does not exist: boolean && boolean; write AND"),
        ("flag || flag", "operator does not exist: boolean || boolean; write OR"),
        ("n == 1", "operator does not exist: integer == integer; write ="),
        ("value == 'a'", "operator does not exist: text == unknown; write ="),
        ("flag && flag", "operator does not exist: boolean && boolean; write AND"),
        ("flag || flag", "operator does not exist: boolean || boolean; write OR"),
        ("n LIKE 'a'", "operator does not exist: integer ~~ unknown; a cast may help (`value::type`)"),
        ("n = ANY ('{a}'::text[])", "operator does not exist: integer = text; cast the left side, as in `value::text`"),
        ("- value = 'x'", "operator does not exist: - text; a cast may help (`value::type`)"),
        ("lower(n) = 'x'", "function lower(integer) does not exist; there is lower(text)"),
        ("cardinality(n) = 1", "function cardinality(integer) does not exist; casts may help (`value::type`)"),
        (
            "'1' + '2' = 3",
            "operator is not unique: unknown + unknown; cast a side to the type that is meant (`value::type`)"
        ),
    ])
    func namesTheTypesThatDoNotGoTogether(condition: String, problem: String) {
        let error = refusal(condition)
        #expect(error?.problem == problem)
        #expect(error?.code == .badCondition && error?.explained.hasSuffix(": \(problem)") == true)
        // On Electric's wire, in its words.
        #expect(error?.message.contains("Could not select a") == true)
    }

    @Test func saysWhichParameterIsUnused() {
        #expect(refusal("n = $1", ["1", "2"])?.message == "At location 0: parameter value for $2 was not used")
        #expect(refusal("n = $1", ["1", "2"])?.code == .badParameters)
    }

    @Test func givesAParameterTheTypeOfItsFirstUse() {
        #expect(refusal("n = $1 OR n > $1", ["1"]) == nil)
        #expect(
            refusal("n = $1 OR value = $1", ["1"])?.message == "At location 16: Could not select an operator overload")
    }

    @Test func refusesWhatPassesALimit() {
        let long = "value = '" + String(repeating: "x", count: ShapeLimits.maxConditionLength) + "'"
        #expect(refusal(long)?.message == "a condition is bigger than maximum size: at most 65536 bytes")
        for deep in [
            String(repeating: "(", count: 30_000) + "flag" + String(repeating: ")", count: 30_000),
            String(repeating: "NOT ", count: 16_000) + "flag", "flag" + String(repeating: " IS TRUE", count: 8_000),
            "n = " + String(repeating: "-", count: 1) + String(repeating: " -", count: 30_000) + "n",
            "value = 'x'" + String(repeating: "::text", count: 10_000),
        ] {
            #expect(refusal(deep)?.code == .tooLarge)
        }
        let wide = Array(repeating: "n = 1", count: 6_000).joined(separator: " OR ")
        #expect(refusal(wide) == nil)
    }

    /// Tasks and secondary threads have less stack than the main thread.
    @Test func walksTheDeepestConditionOnASmallStack() {
        let done = DispatchSemaphore(value: 0)
        let thread = Thread {
            // NOT, the parenthesis and the right side of OR are a level each.
            let third = ShapeLimits.maxConditionDepth / 3 - 1
            let deep =
                String(repeating: "NOT (n = 1 OR ", count: third) + "n = 2" + String(repeating: ")", count: third)
            for condition in [deep, String(repeating: "(", count: 60) + "flag" + String(repeating: ")", count: 60)] {
                let predicate = try? Predicate(parsing: condition, table: Self.items)
                let row = Row(Self.items.columns.map { _ in .null })
                #expect(predicate?.evaluate(row) == .unknown)
                #expect(predicate?.sql().text.isEmpty == false)
                #expect(predicate == predicate)
            }
            done.signal()
        }
        thread.stackSize = 512 << 10
        thread.start()
        done.wait()
    }

    @Test func survivesAnyInput() {
        var random = SeededGenerator(seed: SeededGenerator.seed(7))
        let pieces = [
            "n", "value", "=", "<", "'x'", "1", "(", ")", "AND", "OR", "NOT", "IS", "NULL", "IN", ",", "BETWEEN",
            "LIKE", "$1", "$9",
            "::", "int4", "-", "\"", "'", "/*", "--", ".", ";", "é", "\u{0}", "DISTINCT", "FROM", "1e9999999",
            "9223372036854775808",
            "CAST", "AS", "date", "[", "E'", "$$", "😀",
        ]
        var accepted = 0
        for _ in 0..<20_000 {
            let count = Int.random(in: 1...12, using: &random)
            let condition = (0..<count).map { _ in random.pick(pieces) }.joined(
                separator: random.once(in: 3) ? "" : " ")
            if refusal(condition, ["1"]) == nil { accepted += 1 }
        }
        print("accepted \(accepted) of 20000 random conditions")
        #expect(accepted > 0)
    }
}
