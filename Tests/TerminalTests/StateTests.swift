import DaemonProtocol
import SeededRandom
import SyncModel
import TerminalText
import Testing

@Suite struct SubmitPacerTests {
    /// A queue of any limit that confirms in any portions gets every operation, in order, once.
    @Test func deliversEverythingInOrder() {
        var random = SeededGenerator(seed: 7)
        var waits = 0
        var refusals = 0
        for _ in 0..<500 {
            let total = Int.random(in: 0..<900, using: &random)
            let limit = Int.random(in: 1..<300, using: &random)
            var pacer = SubmitPacer(total: total)
            var queued = 0
            var delivered = 0
            loop: while true {
                switch pacer.next() {
                case .done: break loop
                case .waitForRoom:
                    waits += 1
                    queued = Int.random(in: 0...queued, using: &random)
                    pacer.roomMade()
                case .submit(let range):
                    #expect(range.lowerBound == delivered && range.count <= 200 && !range.isEmpty)
                    if queued + range.count > limit {
                        refusals += 1
                        pacer.queueFull(range)
                    } else {
                        queued += range.count
                        delivered = range.upperBound
                        pacer.accepted(range)
                    }
                }
            }
            #expect(delivered == total, "seed 7")
        }
        print("seed 7: \(waits) waits, \(refusals) refusals")
        #expect(waits > 0 && refusals > waits)
    }

    @Test func saysFullOnlyWhenNotEvenOneFits() {
        var pacer = SubmitPacer(total: 3)
        pacer.queueFull(0..<3)
        #expect(pacer.next() == .submit(0..<1))
        pacer.queueFull(0..<1)
        #expect(pacer.next() == .waitForRoom)
        pacer.roomMade()
        #expect(pacer.next() == .submit(0..<1))
        pacer.accepted(0..<1)
        #expect(pacer.next() == .submit(1..<3))
    }
}

@Suite struct LiveRowsTests {
    private func change(
        _ operation: ViewChange.Operation, _ id: Text, _ fields: [ShapeMessage.Field], pending: Bool = false
    ) -> ShapeChanged.Params {
        let change = ViewChange(
            operation: operation, table: TableName("steps"), key: KeyValues([.init("id", id)]),
            value: ColumnValues(fields), isPending: pending)
        return ShapeChanged.Params(
            sequence: 1, subscriptions: [.init(subscription: "s", status: .live, changes: [change])])
    }

    @Test func followsInsertsUpdatesDeletesAndResets() {
        var rows = LiveRows()
        rows.apply(change(.insert, "1", [.init("id", "1"), .init("name", "a"), .init("x", .null)]))
        rows.apply(change(.insert, "2", [.init("id", "2"), .init("name", "b")]))
        rows.apply(change(.update, "1", [.init("name", "c")], pending: true))
        #expect(rows.all.map { $0.value["name"] } == ["c", "b"])
        #expect(rows.all[0].value["x"] == .null)
        #expect(rows.all.map(\.isPending) == [true, false])
        rows.apply(change(.delete, "1", []))
        #expect(rows.all.map { $0.value["id"] } == ["2"])
        let new = ViewChange(
            operation: .insert, table: TableName("steps"), key: KeyValues([.init("id", "3")]),
            value: ColumnValues([.init("id", "3")]), isPending: false)
        rows.apply(
            ShapeChanged.Params(
                sequence: 2,
                subscriptions: [.init(subscription: "s", status: .live, isReset: true, changes: [new])]))
        #expect(rows.all.map { $0.value["id"] } == ["3"])
        #expect(rows.changes == 5)
    }
}

@Suite struct RowsTextTests {
    private let longKey = "27f0742f-2818-5ea2-a8ad-40647178a420"

    @Test func tellsAChangeInOneLineOfTheTerminal() {
        let change = ViewChange(
            operation: .update, table: TableName("pipelines"), key: KeyValues([.init("id", Text(longKey))]),
            value: ColumnValues([.init("status", "active")]), isPending: false)
        #expect(RowsText.line(change, width: 80) == "~  pipelines \(longKey) status=active")
        #expect(RowsText.line(change, width: 60) == "~  pipelines 27f0742f… status=active")
        for width in 10..<80 { #expect(Printable.width(RowsText.line(change, width: width)) <= width) }
    }

    @Test func leavesReferencesOutBeforeNames() {
        let references = (1...6).map { ShapeMessage.Field("r\($0)_id", $0 == 3 ? .null : Value(longKey)) }
        let row = ViewRow(
            table: TableName("steps"), key: KeyValues([.init("id", Text(longKey))]),
            value: ColumnValues(
                [.init("id", Value(longKey))] + references
                    + [.init("position_id", "7"), .init("type", "claude"), .init("name", "fetch")]), isPending: false)
        let lines = RowsText.lines([row], width: 60, style: .plain)
        #expect(lines[1].contains("  name") && lines[1].contains("positi") && lines[1].contains("  type"), "\(lines)")
        #expect(lines[1].contains("r1_id") && !lines[1].contains("r6_id"), "\(lines)")
        #expect(lines[2].contains("27f0742f") && lines[2].contains("fetch"), "\(lines)")
        #expect(lines.allSatisfy { Printable.width($0) <= 60 })
        let long = ViewRow(
            table: row.table, key: row.key,
            value: ColumnValues(Array(row.value.fields.dropLast()) + [.init("name", "a name of some length and more")]),
            isPending: false)
        #expect(RowsText.lines([long], width: 60, style: .plain)[2].contains("a name of some leng"))
    }

    @Test func saysHowManyColumnsFindNoPlace() {
        let fields = (1...16).map { ShapeMessage.Field("column\($0)", "a value") }
        let row = ViewRow(
            table: TableName("notes"), key: KeyValues([.init("column1", "a value")]), value: ColumnValues(fields),
            isPending: true)
        for width in [60, 80] {
            let lines = RowsText.lines([row], width: width, style: .plain)
            #expect(lines.allSatisfy { Printable.width($0) <= width }, "\(lines)")
            #expect(lines.last?.hasSuffix("columns more: --json, or \"select\" in --definition") == true, "\(lines)")
        }
        #expect(RowsText.lines([row], width: 200, style: .plain).count == 3)
    }

    @Test func rowsStandInTheirPlacesTableByTable() {
        func row(_ table: String, _ id: String, _ place: Text?) -> ViewRow {
            ViewRow(
                table: TableName(table), key: KeyValues([.init("id", Text(id))]), value: ColumnValues([]),
                isPending: id == "p", place: place)
        }
        let rows = [
            row("b", "1", "c"), row("b", "p", "a"), row("a", "2", "0a"), row("b", "3", "b"), row("a", "4", "09"),
            row("c", "5", nil), row("c", "6", nil),
        ]
        #expect(rows.inPlace.map { RowsText.key($0.key) } == ["p", "3", "1", "4", "2", "5", "6"])
        #expect(rows.inPlace.allSatisfy { $0.place == nil } && rows.inPlace.first?.isPending == true)
    }

    @Test func showsRowsByTable() {
        let row = ViewRow(
            table: TableName("steps"), key: KeyValues([.init("id", "1")]),
            value: ColumnValues([.init("id", "1"), .init("name", .null)]), isPending: true)
        let other = ViewRow(
            table: TableName("audit.log"), key: KeyValues([.init("id", "2")]),
            value: ColumnValues([.init("id", "2")]),
            isPending: false)
        #expect(
            RowsText.lines([row, other], width: nil, style: .plain) == [
                "steps · 1 row", "   id  name", "*  1   ∅", "", "audit.log · 1 row", "id", "2",
            ])
    }

    @Test func showsChangesOnOneLine() {
        let change = ViewChange(
            operation: .update, table: TableName("steps"), key: KeyValues([.init("id", "1")]),
            value: ColumnValues([.init("id", "1"), .init("name", "a\u{1b}[2J\nb")]), isPending: true)
        #expect(RowsText.line(change, style: .plain) == "~* steps 1 name=a�[2J⏎b")
    }
}

@Suite struct OperationTextTests {
    private let summary = OperationSummary(
        id: OperationID("o1"), seq: 4, state: .confirmed, verdict: .merged, table: TableName("steps"),
        action: .update,
        key: KeyValues([.init("id", "1")]), columns: ["name"], group: nil, submittedAt: 0, attempts: 2)

    @Test func showsWhoWon() {
        let lost = LostWrite(
            column: "name", mine: "fetch", theirs: "download", writer: .plainSQL, writtenAt: .zero)
        let detail = OperationDetail(
            summary: summary, set: ColumnValues([.init("name", "fetch")]), base: 3, at: .zero, lost: [lost])
        let lines = OperationText.detail(detail, now: 5_000_000, style: .plain)
        #expect(lines[0] == "update steps 1")
        #expect(lines.contains("  state     confirmed (merged)"))
        #expect(lines.contains("  seq       4, sent 2×"))
        #expect(lines.contains("  lost      name, to plain SQL, 5 s ago"))
        #expect(lines.contains("    theirs  download"))
    }

    @Test func namesAnotherDeviceByTheBeginningOfItsReplica() {
        func line(_ writer: String) -> String? {
            let lost = LostWrite(
                column: "name", mine: "a", theirs: "b", writer: ReplicaID(writer), writtenAt: .zero)
            let detail = OperationDetail(summary: summary, set: ColumnValues([]), base: 3, at: .zero, lost: [lost])
            return OperationText.detail(detail, now: 0, style: .plain).first { $0.contains("lost") }
        }
        #expect(
            line("5f0c1a2b-3c4d-4e5f-8a9b-0c1d2e3f4a5b")
                == "  lost      name, to another device (5f0c1a2b…), just now")
        #expect(line("5f0c") == "  lost      name, to another device (5f0c), just now")
    }

    private func operation(
        _ state: DaemonProtocol.OperationState, _ verdict: Verdict.Outcome? = nil, lost: [String]? = nil
    ) -> OperationSummary {
        OperationSummary(
            id: OperationID("o1"), seq: 4, state: state, verdict: verdict, table: TableName("steps"), action: .update,
            key: KeyValues([.init("id", "1")]), columns: ["name"], group: nil, submittedAt: 0, attempts: 2,
            lostColumns: lost)
    }

    @Test(arguments: [
        (["name"], "confirmed (merged), lost 1 column "), (["a", "b"], "confirmed (merged), lost 2 columns "),
        ([], "confirmed (merged), lost "), (nil, "confirmed (merged)  "),
    ])
    func marksWhatLost(columns: [String]?, text: String) {
        let lines = OperationText.lines(
            [operation(.confirmed, .merged, lost: columns)], counts: [], now: 0, width: nil, style: .plain)
        #expect(lines[1].contains(text), "\(lines)")
    }

    @Test func whatIsUnderwayWaitsWhereNobodyIsReached() {
        let (counts, sent) = ([ListOperations.Count(.sending, 1)], operation(.sending))
        for (isOnline, word) in [(true, "sending"), (false, "waiting")] {
            let lines = OperationText.lines(
                [sent], counts: counts, isOnline: isOnline, now: 0, width: nil, style: .plain)
            #expect(lines[1].hasPrefix("o1  \(word)  ") && lines[2] == "1 \(word)", "\(lines)")
            let detail = OperationDetail(summary: sent, set: ColumnValues([]), base: 0, at: .zero)
            let shown = OperationText.detail(detail, isOnline: isOnline, now: 0, style: .plain)
            #expect(shown.contains("  state     \(word)"))
        }
    }

    @Test func listsTheQueue() {
        let counts = [ListOperations.Count(.queued, 0), ListOperations.Count(.confirmed, 1)]
        let lines = OperationText.lines([summary], counts: counts, now: 5_000_000, width: nil, style: .plain)
        #expect(lines.count == 3 && lines[2] == "1 confirmed" && !lines[0].contains("reason"))
        let parked = OperationSummary(
            id: OperationID("o2"), seq: nil, state: .parked, verdict: .rejected, table: TableName("steps"),
            action: .delete, key: KeyValues([.init("id", "2")]), columns: [], group: nil, submittedAt: 0, attempts: 1,
            reason: Reason(code: "check", message: "no such team"))
        let both = OperationText.lines([summary, parked], counts: counts, now: 0, width: nil, style: .plain)
        #expect(both[0].hasSuffix("  reason") && both[2].hasSuffix("  no such team") && !both[1].contains("no such"))
        #expect(
            OperationText.lines([], counts: [], now: 0, width: nil, style: .plain) == ["The queue is empty."])
    }
}
