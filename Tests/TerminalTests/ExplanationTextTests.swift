import DaemonProtocol
import JSONText
import Shapes
import SyncModel
import Testing

@testable import TerminalText

struct ExplanationTextTests {
    private typealias Term = Explanation.Term

    private static let key = KeyValues([.init("id", "7")])

    private static func place(_ truth: Truth, rank: Int) -> Explanation.Place {
        let enabled = Term(
            kind: .test, sql: "place > 0", truth: truth, values: [Explanation.NamedValue("place", "3")],
            lacking: truth == .undecidable ? ["enabled"] : [])
        let kind = Term(
            kind: .test, sql: "kind IN (SELECT q1.name FROM kinds AS q1)", truth: .false,
            values: [Explanation.NamedValue("kind", nil)],
            subselects: [Explanation.Members(table: TableName("kinds"), count: 4, truth: .false)])
        let fails = Term(
            kind: .test, sql: "10 / n > 2", truth: .error("division by zero"),
            values: [Explanation.NamedValue("n", "0")])
        let parent = Explanation.Place(
            key: [Explanation.NamedValue("id", "9")], isMember: true,
            condition: Term(
                kind: .test, sql: "score > 3", truth: .true, values: [Explanation.NamedValue("score", "4\u{1b}[2J")]),
            parents: nil)
        return Explanation.Place(
            key: [Explanation.NamedValue("id", "7")], isMember: false,
            condition: Term(
                kind: .and, sql: "…", truth: .false,
                parts: [enabled, Term(kind: .or, sql: "…", truth: .false, parts: [kind, fails])]),
            ranks: [
                Explanation.Rank(
                    group: [Explanation.NamedValue("id", "9")], isInside: rank <= 2, rank: rank,
                    values: [Explanation.NamedValue("place", "3")])
            ],
            parents: Explanation.Parents(path: "", table: TableName("pipelines"), rows: [parent], more: 2))
    }

    private static func result(_ truth: Truth = .true) -> ExplainShape.Result {
        let way = Explanation.Matching.Way(
            steps: [
                Explanation.Matching.Step(
                    columns: ["pipeline_id"], table: TableName("pipelines"), tableColumns: ["id"])
            ], columns: ["team_id"], filing: .values(["1", "2"], more: 3))
        let explanation = Explanation(
            isFound: true, isMember: false,
            permission: Explanation.Permission(
                rule: "owner = auth.user_id", claims: [Explanation.NamedValue("user_id", "ana")]),
            nodes: [
                Explanation.Node(
                    path: "steps", matching: Explanation.Matching(ways: [way], moreWays: 3, isTimed: true),
                    window: Explanation.Window(order: "place DESC, id", limit: 2, per: ""), place: place(truth, rank: 5)
                )
            ])
        return ExplainShape.Result(
            origin: .service, reason: nil, position: "269", explanation: explanation,
            device: ExplainShape.Held(isHeld: true, shapes: ["s1"], operations: []))
    }

    private func lines(_ result: ExplainShape.Result, _ signs: ExplanationText.Signs = .unicode) -> [String] {
        ExplanationText.lines(result, table: TableName("steps"), key: Self.key, style: .plain, signs: signs)
    }

    @Test func drawsWhatDecidesAsATree() {
        #expect(
            lines(Self.result()) == [
                "✗ steps 7 is not in the shape  (the service, at position 269)",
                "✓ permission: owner = auth.user_id   user_id = ana",
                "",
                "steps: indexed by pipeline_id → pipelines team_id = 1 or 2 or 3 more; and in 3 more ways; and by the moment at which time moves a row",
                "the first 2 by place DESC, id for each row of the root",
                "✗ id 7",
                "├─ ✗ AND",
                "│  ├─ ✓ place > 0   place = 3",
                "│  └─ ✗ OR",
                "│     ├─ ✗ kind IN (SELECT q1.name FROM kinds AS q1)   kind = NULL",
                "│     │  └─ rows of kinds: 4 members, it is not among them",
                "│     └─ ✗ 10 / n > 2   fails: division by zero   n = 0",
                "├─ ✗ rank 5 under 9   place = 3",
                "├─ ✓ pipelines id 9",
                "│  └─ ✓ score > 3   score = 4�[2J",
                "└─ … and 2 more rows of pipelines",
                "",
                "on this device: in view, in s1 (by other shapes)",
            ])
    }

    @Test func goesByWhatTheTerminalCanShow() {
        #expect(lines(Self.result(), .ascii)[6...8] == ["|- x AND", "|  |- + place > 0   place = 3", "|  `- x OR"])
        #expect(ExplanationText.Signs(environment: ["LANG": "de_DE.UTF-8"]) == .unicode)
        #expect(ExplanationText.Signs(environment: [:]) == .unicode)
        #expect(ExplanationText.Signs(environment: ["LC_ALL": "C", "LANG": "de_DE.UTF-8"]) == .ascii)
        #expect(ExplanationText.Signs(environment: ["LANG": "C.utf8", "TERM": "dumb"]) == .ascii)
    }

    @Test func saysWhatOnlyTheServiceDecides() {
        let operation = OperationSummary(
            id: OperationID("o1"), seq: nil, state: .queued, verdict: nil, table: TableName("steps"), action: .update,
            key: Self.key, columns: ["place"], group: nil, submittedAt: 1, attempts: 0)
        let open = Explanation(
            isFound: true, isMember: nil,
            nodes: [
                Explanation.Node(
                    path: "", matching: Explanation.Matching(ways: [], isTimed: false), window: nil,
                    place: Self.place(.undecidable, rank: 1))
            ])
        let result = ExplainShape.Result(
            origin: .device, reason: "nobody there", position: nil, explanation: open,
            device: ExplainShape.Held(isHeld: true, shapes: [], operations: [operation]))
        let shown = lines(result)
        #expect(shown[0] == "? steps 7: it cannot be told here")
        #expect(shown[1] == "The service was not asked, or did not answer: nobody there")
        #expect(shown[2] == "This is what the device can tell. ? stands for what only the service decides.")
        #expect(shown.contains("the root: scanned: asked about every change of the table"))
        #expect(shown.contains { $0.hasSuffix("? place > 0   cannot be decided here   place = 3   not held: enabled") })
        #expect(
            shown.suffix(2) == [
                "on this device: in view, in no shape, 1 operation on it not confirmed:",
                "  queued: update of place (o1)",
            ])
    }

    @Test func explainsNoSignThatIsNotThere() {
        func legend(_ truth: Truth, isMember: Bool?, _ signs: ExplanationText.Signs = .unicode) -> String {
            let matching = Explanation.Matching(ways: [], isTimed: false)
            let condition = Term(
                kind: .test, sql: "name = '?'", truth: truth, values: [Explanation.NamedValue("name", "?")])
            let place = Explanation.Place(
                key: [Explanation.NamedValue("id", "7")], isMember: isMember, condition: condition, parents: nil)
            let node = Explanation.Node(path: "", matching: matching, window: nil, place: place)
            return lines(
                ExplainShape.Result(
                    origin: .device, reason: "asked for", position: nil,
                    explanation: Explanation(isFound: true, isMember: isMember, nodes: [node]),
                    device: ExplainShape.Held(isHeld: true, shapes: ["s1"], operations: [])), signs)[2]
        }
        for signs in [ExplanationText.Signs.unicode, .ascii] {
            #expect(legend(.true, isMember: true, signs) == "This is what the device can tell.")
            #expect(legend(.undecidable, isMember: true, signs).contains("? stands for"))
            #expect(legend(.true, isMember: nil, signs).contains("? stands for"))
        }
    }

    @Test func cutsLongValuesOnATerminalOnly() {
        let long = String(repeating: "x", count: 1 << 20)
        let condition = Term(
            kind: .test, sql: "name = '\(long)'", truth: .true,
            values: [Explanation.NamedValue("name", Text(long))])
        let place = Explanation.Place(
            key: [Explanation.NamedValue("id", "7")], isMember: true, condition: condition, parents: nil)
        let node = Explanation.Node(
            path: "", matching: Explanation.Matching(ways: [], isTimed: false), window: nil, place: place)
        let result = ExplainShape.Result(
            origin: .service, reason: nil, position: "1",
            explanation: Explanation(isFound: true, isMember: true, nodes: [node]),
            device: ExplainShape.Held(isHeld: true, shapes: ["s1"], operations: []))
        let shown = ExplanationText.lines(
            result, table: TableName("steps"), key: Self.key, width: 80, style: .plain, signs: .unicode)
        #expect(shown.allSatisfy { $0.count < 200 })
        #expect(shown.contains { $0.hasPrefix("└─ ✓ name = 'xxx") && $0.contains("…   name = xxx") })
        #expect(lines(result).contains { $0.utf8.count > 2 << 20 })
    }

    @Test func saysThatAParentMayBeElsewhere() {
        let parents = Explanation.Parents(path: "", table: TableName("pipelines"), rows: [], more: 0)
        let place = Explanation.Place(
            key: [Explanation.NamedValue("id", "7")], isMember: nil, condition: nil, parents: parents)
        let matching = Explanation.Matching(ways: [], isTimed: false)
        let explanation = Explanation(
            isFound: true, isMember: nil,
            nodes: [Explanation.Node(path: "steps", matching: matching, window: nil, place: place)])
        func last(_ origin: ExplainShape.Result.Origin) -> String? {
            lines(
                ExplainShape.Result(
                    origin: origin, reason: nil, position: nil, explanation: explanation,
                    device: ExplainShape.Held(isHeld: true, shapes: [], operations: []))
            ).first { $0.contains("joins") }
        }
        #expect(last(.device) == "└─ ? joins no row of pipelines that is held here")
        #expect(last(.service) == "└─ ✗ joins no row of pipelines")
    }

    @Test func tellsARowThatIsNotThere() {
        let missing = Explanation(isFound: false, isMember: false, nodes: [])
        let held = ExplainShape.Held(isHeld: false, shapes: [], operations: [])
        func line(_ origin: ExplainShape.Result.Origin) -> String {
            lines(
                ExplainShape.Result(
                    origin: origin, reason: nil, position: nil, explanation: missing, device: held))[0]
        }
        #expect(line(.service) == "✗ steps 7: there is no such row, or you may not read it")
        #expect(line(.device) == "? steps 7: not on this device")
    }

    @Test func takesKeysAndShapesFromArguments() throws {
        #expect(try ExplainArguments.key(["7"]) == Self.key)
        let pair = try ExplainArguments.key(["team_id=1", "person=a=b"])
        #expect(pair == KeyValues([.init("team_id", "1"), .init("person", "a=b")]))
        #expect(throws: UsageError.self) { try ExplainArguments.key(["id=1", "2"]) }
        #expect(throws: UsageError.self) { try ExplainArguments.key([]) }
        func definition(
            _ definition: String? = nil, _ conditions: [String] = [], _ params: [String] = [], _ shape: String? = nil
        ) throws -> String {
            try ExplainArguments.definition(
                table: "steps", definition: definition, where: conditions, params: params, shape: shape
            ).text
        }
        #expect(try definition() == #"{"root_table":"steps"}"#)
        #expect(
            try definition(nil, ["place > $1"], ["3"]) == #"{"root_table":"steps","where":"place > $1","params":["3"]}"#
        )
        #expect(try definition(#"{"root_table": "x"}"#) == #"{"root_table":"x"}"#)
        #expect(try definition(nil, [], ["id=7"], "one") == #"{"name":"one","parameters":{"id":"7"}}"#)
        #expect(throws: UsageError.self) { try definition("{}", [], [], "one") }
        #expect(throws: UsageError.self) { try definition(nil, [], ["7"], "one") }
    }
}
