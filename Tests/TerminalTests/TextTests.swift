import DaemonProtocol
import JSONRPC
import JSONText
import SyncModel
import TerminalText
import Testing

@Suite struct StatusTextTests {
    private func status(_ state: SyncStatus.State, _ text: String) -> SyncStatus {
        SyncStatus(
            state: state, text: text, isOnline: true, user: "ana", replica: ReplicaID("r1"),
            service: "http://localhost:4000", storage: .file)
    }

    @Test func fillsOneScreen() {
        var status = status(.offline, "Working offline · 3 pending")
        status.pending = 3
        status.isPaused = true
        status.isOnline = false
        status.lastContact = 1_000_000
        status.shapes = [
            SyncStatus.Shape(
                shape: "a", definition: ["root_table": "pipelines", "include": ["steps": true]],
                status: .stale, rows: 12)
        ]
        #expect(
            StatusText.lines(status, now: 61_000_000, width: 80, style: .plain) == [
                "● Working offline · 3 pending",
                "  Paused. Go online again with: satchel sync resume",
                "",
                "  user          ana",
                "  service       http://localhost:4000 · not connected",
                "  last contact  60 s ago",
                "  queue         3 pending",
                "  replica       r1",
                "",
                "  shape  rows  of",
                "  stale  12    pipelines + steps",
            ])
    }

    @Test func namesRowsThatAShapeLeavesOut() {
        var status = status(.synced, "All changes saved")
        let failures = FailedRows(
            count: 2, table: TableName("steps"), key: KeyValues([KeyValues.Field("id", "7")]),
            message: "division by zero")
        status.shapes = [
            SyncStatus.Shape(
                shape: "a", definition: ["root_table": "steps"], status: .live, rows: 12, failures: failures)
        ]
        let lines = StatusText.lines(status, now: 0, width: nil, style: .plain)
        #expect(lines.last?.hasSuffix("2 rows left out: division by zero (public.steps id=7)") == true, "\(lines)")
        let summary = ShapeSummary(
            shape: "s1", definition: ["root_table": "steps"], status: .live, rows: 12, bytes: 1, subscribers: 0,
            failures: failures)
        let listed = ShapeText.lines([summary], width: nil, style: .plain)
        #expect(listed.last?.contains("2 rows left out: division by zero") == true)
    }

    @Test func saysHowManyChangesLostSomething() {
        var status = status(.synced, "All changes saved")
        func told() -> [String] {
            StatusText.lines(status, now: 0, width: nil, style: .plain).filter { $0.contains("lost") }
        }
        #expect(told() == [])
        status.lost = 1
        #expect(
            told() == ["  1 change of the last 24 hours lost something to another write: satchel queue list --lost"]
        )
        status.lost = 2
        #expect(told().first?.hasPrefix("  2 changes of the last") == true)
        let edits = ["o1", "o2"].map { id in
            OperationSummary(
                id: OperationID(id), seq: 1, state: .confirmed, verdict: .merged, table: TableName("steps"),
                action: .update, key: KeyValues([.init("id", "1")]), columns: ["x"], group: nil, submittedAt: 0,
                attempts: 1, lostColumns: ["x"])
        }
        let lines = StatusText.lines(status, losses: Losses(edits), now: 0, width: nil, style: .plain)
        #expect(
            lines[1] == "  2 changes of the last 24 hours lost 1 column of 1 row to another write: "
                + "satchel queue list --lost")
    }

    @Test func saysWhatToDoAboutTrouble() {
        var status = status(.error, "Sync error · 2 changes need you")
        status.parked = 1
        status.conflicts = 1
        status.storage = .memory
        status.reason = Reason(code: "storage", message: "The disk is full.\u{1b}[2J")
        let lines = StatusText.lines(status, now: 0, width: nil, style: .plain)
        #expect(lines.contains("  The disk is full.�[2J"))
        #expect(lines.contains("  See what needs you with: satchel queue list --state parked"))
        #expect(lines.contains { $0.contains("Online only") })
        // Not where the headline says it already.
        status.text = "Sync error · The disk is full.\u{1b}[2J"
        let once = StatusText.lines(status, now: 0, width: nil, style: .plain)
        #expect(once.filter { $0.contains("The disk is full.") } == ["● Sync error · The disk is full.�[2J"])
        #expect(lines.contains("  queue    0 pending · 2 parked (1 in conflict)"))
    }

    @Test(arguments: [
        (SyncStatus.State.synced, "32"), (.syncing, "36"), (.offline, "33"), (.error, "31"),
    ])
    func coloursTheDotByState(state: SyncStatus.State, colour: String) {
        let line = StatusText.headline(status(state, "x"), style: Style(isColoured: true))
        #expect(line.hasPrefix("\u{1b}[\(colour)m●"))
    }
}

@Suite struct StyleTests {
    @Test(
        arguments: [
            (true, [:], true), (false, [:], false), (true, ["NO_COLOR": "1"], false),
            (true, ["NO_COLOR": ""], true),
            (false, ["CLICOLOR_FORCE": "1"], true), (true, ["TERM": "dumb"], false),
            (false, ["CLICOLOR_FORCE": "0"], false),
        ] as [(Bool, [String: String], Bool)])
    func followsTerminalAndEnvironment(isTerminal: Bool, environment: [String: String], isColoured: Bool) {
        #expect(Style(isTerminal: isTerminal, environment: environment).isColoured == isColoured)
    }
}

@Suite struct TableTextTests {
    private let table = TableText(
        heading: ["a", "long"], rows: [["1", "some text that is long"], ["22", "line\nbreak"], ["3"]])

    @Test func alignsColumns() {
        #expect(
            table.lines(width: nil, style: .plain) == [
                "a   long", "1   some text that is long", "22  line⏎break", "3",
            ])
    }

    @Test func cutsTheWidestColumn() {
        #expect(
            table.lines(width: 14, style: .plain) == ["a   long", "1   some text…", "22  line⏎break", "3"])
        for width in 0..<40 {
            let widest = table.lines(width: width, style: .plain).map(\.count).max() ?? 0
            #expect(widest <= max(width, 8))
        }
    }

    @Test func leavesColumnsOutThatFindNoPlace() {
        let names = (1...16).map { "column\($0)" }
        let wide = TableText(heading: names, rows: [names.map { "value of \($0)" }])
        for width in [20, 60, 80, 120] {
            let (lines, hidden) = wide.fitted(width: width, style: .plain)
            #expect(lines.allSatisfy { Printable.width($0) <= width })
            #expect(!hidden.isEmpty && lines[0].hasSuffix("  …"))
            #expect(hidden == Array(names.suffix(hidden.count)))
        }
        let chosen = TableText(
            heading: names, rows: wide.rows, leasts: [0: 16], dispensable: [3, 1], kept: [0, 15])
        let narrow = chosen.fitted(width: 60, style: .plain)
        #expect(narrow.lines.allSatisfy { Printable.width($0) <= 60 })
        #expect(narrow.lines[1].hasPrefix("value of column1  "), "\(narrow.lines)")
        #expect(!narrow.hidden.contains("column1") && !narrow.hidden.contains("column16"))
        #expect(narrow.hidden.contains("column2") && narrow.hidden.contains("column4"))
        #expect(chosen.fitted(width: 132, style: .plain).hidden == ["column4"])
        #expect(wide.fitted(width: 200, style: .plain).hidden.isEmpty)
        #expect(wide.fitted(width: nil, style: .plain).hidden.isEmpty)
    }

    /// Padding to a value of 8 MiB in each row would be 16 GiB of output.
    @Test func oneLongValueMakesNoOtherRowLong() {
        let long = String(repeating: "wide 数 ", count: 1 << 20)
        let table = TableText(
            heading: ["id", "text", "more"], rows: [["1", long, "x"]] + (2...2_000).map { ["\($0)", "short", "y"] })
        let piped = table.lines(width: nil, style: .plain)
        #expect(piped[1] == "1     \(long)  x")
        #expect(piped.dropFirst(2).allSatisfy { $0.utf8.count == 6 + 200 + 2 + 1 })
        let shown = table.lines(width: 80, style: .plain)
        #expect(shown[1].hasPrefix("1     wide 数 wide") && shown[1].hasSuffix("…  x"))
        #expect(shown.allSatisfy { Printable.width($0) <= 80 })
    }

    @Test func countsTheColumnsThatATerminalTakes() {
        let table = TableText(heading: ["name", "x"], rows: [["数据", "1"], ["e\u{301}a", "2"], ["🙂", "3"]])
        for width in [nil, 80] {
            #expect(
                table.lines(width: width, style: .plain) == [
                    "name  x", "数据  1", "e\u{301}a    2", "🙂    3",
                ])
        }
        #expect(Printable.fitted("数据清洗", width: 4) == "数…")
        #expect(Printable.cut("数据清洗工", width: 7) == "数…工")
        #expect(Printable.width("a\r\nb") == 3 && Printable.width("ｆ") == 2 && Printable.width("\u{200d}") == 0)
    }
}

@Suite struct TimeTextTests {
    @Test(arguments: [
        (0, "just now"), (5, "5 s ago"), (119, "119 s ago"), (120, "2 min ago"), (7200, "2 h ago"),
        (200_000, "2 days ago"), (-5, "just now"),
    ])
    func tellsHowLongAgo(seconds: Int64, text: String) {
        #expect(TimeText.ago(0, now: seconds * 1_000_000) == text)
    }

    @Test(arguments: [(0, "now"), (1, "in 1 s"), (1_000_001, "in 2 s"), (-1, "now")])
    func tellsHowLongUntil(microseconds: Int64, text: String) {
        #expect(TimeText.until(microseconds, now: 0) == text)
    }
}

@Suite struct DefinitionTextTests {
    @Test func buildsDefinitions() throws {
        let made = try DefinitionText.make(
            table: "steps", definition: nil, where: ["a = $1", "b = $2 OR c"], params: ["1", "x"],
            include: ["comments"])
        #expect(
            made == [
                "root_table": "steps", "where": "(a = $1) AND (b = $2 OR c)", "params": ["1", "x"],
                "include": ["comments": true],
            ])
        #expect(DefinitionText.summary(made) == "steps where (a = 1) AND (b = 'x' OR c) + comments")
        let first = try DefinitionText.make(
            table: "steps", definition: nil, orderBy: ["name DESC", "id"], limit: 5)
        #expect(first == ["root_table": "steps", "order_by": ["name DESC", "id"], "limit": 5])
        let remark = try DefinitionText.make(table: "steps", definition: nil, where: ["a -- why", "b"])
        #expect(remark["where"] == "(a -- why\n) AND (b\n)")
        #expect(try DefinitionText.make(table: nil, definition: "{\"a\":1}") == ["a": 1])
    }

    @Test(
        arguments: [
            (["a = "], "where: At character 5: x", "where: At character 5: x"),
            (["a = ", "b"], "where: At character 2: x", "--where 1: At character 1: x"),
            (["a = ", "b"], "where: At character 6: x", "--where 1: At character 5: x"),
            (["a = ", "b = 1"], "where: At character 13: x", "--where 2: At character 1: x"),
            (["é = ", "b = 1"], "where: At character 17: x: y", "--where 2: At character 5: x: y"),
            (["a", "b"], "where: At character 99: x", "where: At character 99: x"),
            (["a", "b"], "where: At character x", "where: At character x"),
            (["a", "b"], "There is no table.", "There is no table."),
            ([], "where: At character 1: x", "where: At character 1: x"),
        ])
    func tellsPlacesInConditionsAsJoined(conditions: [String], message: String, told: String) {
        #expect(JoinedConditions(conditions).retold(message) == told)
    }

    @Test(
        arguments: [
            (["a", "b)"], "--where 2: At character 2: syntax error at or near \")\""),
            (["é = 'x", "b"], "--where 1: At character 5: unterminated quoted string at or near \"'x\""),
            (["a) OR (b", "c"], "--where 1: At character 2: syntax error at or near \")\""),
            (["a", ""], "--where 2: At character 1: syntax error at end of input"),
        ])
    func refusesAConditionThatIsNoneByItself(conditions: [String], told: String) {
        let error = #expect(throws: UsageError.self) {
            try DefinitionText.make(table: "t", definition: nil, where: conditions)
        }
        #expect(error?.description == told)
    }

    @Test func refusesWhatContradictsItself() {
        #expect(throws: UsageError.self) { try DefinitionText.make(table: nil, definition: nil) }
        #expect(throws: UsageError.self) { try DefinitionText.make(table: "a", definition: "{}") }
        #expect(throws: UsageError.self) {
            try DefinitionText.make(table: "a", definition: nil, params: ["1"])
        }
        #expect(throws: UsageError.self) {
            try DefinitionText.make(table: nil, definition: "{}", where: ["a"])
        }
        #expect(throws: UsageError.self) { try DefinitionText.make(table: nil, definition: "{}", limit: 1) }
        #expect(throws: UsageError.self) { try DefinitionText.make(table: nil, definition: "{}", orderBy: ["a"]) }
        #expect(throws: UsageError.self) { try DefinitionText.make(table: nil, definition: "[1]") }
        #expect(throws: UsageError.self) { try DefinitionText.make(table: nil, definition: "{") }
    }

    @Test func summarisesEqualities() {
        let definition: JSON = ["root_table": "public.pipelines", "where": ["team_id": "t", "n": 1]]
        #expect(DefinitionText.summary(definition) == "pipelines where team_id = 't' and n = 1")
        #expect(DefinitionText.summary([:]) == "?")
    }

    @Test func tellsShapesApartByEveryMember() {
        let definitions: [JSON] = [
            ["root_table": "steps"],
            ["root_table": "steps", "select": ["id", "name"]],
            ["root_table": "steps", "order_by": "name DESC"],
            ["root_table": "steps", "order_by": ["name DESC", "id"]],
            ["root_table": "steps", "limit": 5],
            ["root_table": "steps", "include": ["comments": true, "users": false]],
            ["root_table": "steps", "include": ["comments": ["on": "step_id", "where": ["n": 1], "limit": 3]]],
            ["root_table": "steps", "include_all": true],
            ["name": "steps_of", "parameters": ["id": "7"]],
            ["name": "steps_of", "parameters": ["id": "8"]],
            ["name": "steps_of", "parameters": ["id": "8 x=9"]],
            ["name": "steps_of", "parameters": ["id": "8", "x": "9"]],
            ["name": "steps_of", "parameters": ["id": ""]],
        ]
        #expect(
            definitions.map(DefinitionText.summary) == [
                "steps", "steps (id, name)", "steps order by name DESC", "steps order by name DESC, id",
                "steps limit 5", "steps + comments", "steps + comments {on step_id where n = 1 limit 3}",
                "steps + all", "steps_of id=7", "steps_of id=8", "steps_of id='8 x=9'", "steps_of id=8 x=9",
                "steps_of id=''",
            ])
    }

    @Test(
        arguments: [
            ("\"team_id\" = ($1::uuid)", ["7"], "team_id = 7"),
            ("\"Team\" = ($1::uuid)", ["7"], "\"Team\" = 7"),
            ("x < ($2::numeric(3, 1))", ["7", "8"], "x < (8::numeric(3, 1))"),
            ("a = '$1' AND b = $1 AND c = $2", ["it's"], "a = '$1' AND b = 'it''s' AND c = $2"),
            ("a = $1 OR b", ["x OR b"], "a = 'x OR b' OR b"), ("a = $1", ["-1.5"], "a = -1.5"),
            ("a = $1", ["inf"], "a = 'inf'"),
            ("a = 'it''s $1' OR \"$1\" IN ($1)", ["7"], "a = 'it''s $1' OR \"$1\" IN (7)"),
            ("a = '$1", ["7"], "a = '$1"), ("$", ["7"], "$"), ("($1", ["7"], "(7"), ("\"", [], "\""),
            ("(", [], "("),
        ])
    func writesParametersOut(condition: String, params: [String], text: String) {
        let definition: JSON = [
            "root_table": "t", "where": .string(condition), "params": .array(params.map(JSON.string)),
        ]
        #expect(DefinitionText.summary(definition) == "t where \(text)")
    }

    @Test func longSummariesGiveWayInTheMiddle() {
        func definition(_ end: String) -> JSON {
            [
                "root_table": "t", "select": .array((1...60).map { .string("column\($0)") }),
                "where": .string(String(repeating: "x OR ", count: 100) + end), "limit": 9,
            ]
        }
        let (one, two) = (DefinitionText.summary(definition("a")), DefinitionText.summary(definition("b")))
        #expect(one.hasPrefix("t (column1, column2, column3, column4, … 56 more) where x OR x OR "))
        #expect(one.hasSuffix("x OR a limit 9") && one.count <= 160, "\(one)")
        #expect(one != two)
        let shapes = [("s1", "a"), ("s2", "b")].map { id, end in
            ShapeSummary(
                shape: id, definition: definition(end), status: .live, rows: 1, bytes: 1, subscribers: 0)
        }
        let lines = ShapeText.lines(shapes, width: 100, style: .plain)
        #expect(lines.allSatisfy { $0.count <= 100 })
        #expect(lines[1].hasSuffix("x OR a limit 9") && lines[2].hasSuffix("x OR b limit 9"), "\(lines)")
    }
}
