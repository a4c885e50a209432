import Merge
import SyncModel
import Testing

@Suite struct RowMergeTests {
    // MARK: Updates

    @Test func anUpdateOfWhatTheReplicaKnewWinsWhateverItsClock() {
        let plan = Steps.plan(Steps.operation(.update, ["name": "new"], at: 40, base: 5), on: Steps.present())
        #expect(plan.effect == .update([ColumnWrite("name", "new")]))
        #expect(plan.outcome == .applied)
        // Stamped later than what it saw, or a third write in between would win by its order of arrival.
        #expect(plan.clock.microseconds == 51)
    }

    @Test func ofConcurrentWritesTheLaterClockWinsColumnByColumn() {
        let row = Steps.present(columns: ["name": Steps.clock(7, 200, "b", seq: 3), "x": Steps.clock(8, 90)])
        let plan = Steps.plan(Steps.operation(.update, ["name": "mine", "x": "1"], at: 100, base: 5), on: row)
        #expect(plan.effect == .update([ColumnWrite("x", "1")]))
        #expect(plan.outcome == .merged)
        #expect(
            plan.lost == [
                LostWrite(
                    column: "name", mine: "mine", theirs: "old", writer: ReplicaID("b"),
                    writtenAt: HybridTimestamp(microseconds: 200))
            ])
    }

    @Test(arguments: [("", "a", true), ("b", "a", false), ("a", "b", true), ("é", "f", false)])
    func ofEqualClocksTheBytewiseGreaterReplicaWins(stored: String, mine: String, isMine: Bool) {
        let row = Steps.present(columns: ["name": Steps.clock(7, 100, stored, seq: 9)])
        let plan = Steps.plan(Steps.operation(.update, ["name": "mine"], at: 100, base: 5), on: row, replica: mine)
        #expect(plan.lost.isEmpty == isMine)
    }

    @Test func withinOneReplicaTheLaterSeqWinsBeforeAnyClock() {
        let row = Steps.present(columns: ["name": Steps.clock(7, 200, "a", seq: 1)])
        let plan = Steps.plan(Steps.operation(.update, ["name": "mine"], at: 100, base: 0), on: row, seq: 2)
        #expect(plan.effect == .update([ColumnWrite("name", "mine")]))
        #expect(plan.clock.microseconds == 201)
    }

    @Test func aLostWriteOfTheSameValueIsNoLoss() {
        let row = Steps.present("same", columns: ["name": Steps.clock(7, 200, "b")])
        let plan = Steps.plan(Steps.operation(.update, ["name": "same"], base: 5), on: row)
        #expect(plan.effect == .nothing)
        #expect(plan.outcome == .applied)
    }

    @Test func aWinningWriteOfTheSameValueIsStillStamped() {
        let row = Steps.present("same", columns: ["name": Steps.clock(7, 60, "b")])
        let plan = Steps.plan(Steps.operation(.update, ["name": "same"], base: 5), on: row)
        #expect(plan.effect == .update([ColumnWrite("name", "same")]))
    }

    @Test func anUpdateOfARowThatNeverWasIsRejected() {
        let plan = Steps.plan(Steps.operation(.update, ["name": "new"]), on: .missing)
        #expect(plan.outcome == .rejected)
        #expect(plan.reason?.code == "row_missing")
    }

    // MARK: Inserts

    @Test func anInsertIsNewOrAConflict() {
        let operation = Steps.operation(.insert, ["x": "1", "name": "new"])
        let row = [ColumnWrite("id", "1"), ColumnWrite("name", "new"), ColumnWrite("x", "1")]
        #expect(Steps.plan(operation, on: .missing).effect == .insert(row))
        #expect(Steps.plan(operation, on: Steps.deleted(Steps.present(), version: 9, at: 90)).effect == .insert(row))
        let conflict = Steps.plan(operation, on: Steps.present("new", "1"))
        #expect(conflict.outcome == .conflict)
        #expect(conflict.reason?.code == "row_exists")
    }

    @Test func anInsertOfWhatTheSameOperationInsertedIsApplied() {
        let operation = Steps.operation(.insert, ["name": "new"], id: "i")
        #expect(Steps.plan(operation, on: Steps.present("new", insertedBy: "i")).outcome == .applied)
        #expect(Steps.plan(operation, on: Steps.present("new", insertedBy: "j")).outcome == .conflict)
        #expect(Steps.plan(operation, on: Steps.present("changed", insertedBy: "i")).outcome == .conflict)
    }

    @Test func anUpsertInsertsOrMerges() {
        let operation = Steps.operation(.upsert, ["name": "new"], base: 5)
        #expect(
            Steps.plan(operation, on: .missing).effect == .insert([ColumnWrite("id", "1"), ColumnWrite("name", "new")]))
        #expect(Steps.plan(operation, on: Steps.present()).effect == .update([ColumnWrite("name", "new")]))
        let lost = Steps.plan(operation, on: Steps.present(columns: ["name": Steps.clock(7, 200, "b")]))
        #expect(lost.outcome == .merged)
    }

    @Test func anUpsertOfWhoNeverSawADeletedRowMakesANewOne() {
        let deleted = Steps.deleted(Steps.present(), version: 9, at: 90)
        let unseen = Steps.plan(Steps.operation(.upsert, ["name": "new"], base: 0), on: deleted)
        #expect(unseen.effect == .insert([ColumnWrite("id", "1"), ColumnWrite("name", "new")]))
        guard case .resurrect = Steps.plan(Steps.operation(.upsert, ["name": "new"], base: 5), on: deleted).effect
        else {
            Issue.record("who had seen the row should bring it back")
            return
        }
    }

    // MARK: Deletes

    @Test func aDeleteOfWhatTheReplicaKnewDeletes() {
        #expect(Steps.plan(Steps.operation(.delete, base: 5), on: Steps.present()).effect == .delete)
        let own = Steps.present(columns: ["x": Steps.clock(8, 300, "a", seq: 1)])
        #expect(Steps.plan(Steps.operation(.delete, base: 5), on: own, seq: 2).effect == .delete)
    }

    @Test func anUpdateBeatsAConcurrentDeleteThatComesAfterIt() {
        let row = Steps.present(columns: ["x": Steps.clock(8, 60, "b", seq: 1)])
        let plan = Steps.plan(Steps.operation(.delete, at: 100, base: 5), on: row)
        #expect(plan.effect == .nothing)
        #expect(plan.outcome == .merged)
        #expect(plan.lost.map(\.column) == [nil])
        #expect(plan.lost.map(\.writer) == [ReplicaID("b")])
    }

    @Test func anUpdateBeatsAConcurrentDeleteThatCameBeforeIt() {
        let row = Steps.present("old", "7", columns: ["x": Steps.clock(6, 60, "b", seq: 1)])
        let deleted = Steps.deleted(row, version: 9, at: 90, by: "b", seq: 2)
        let plan = Steps.plan(Steps.operation(.update, ["name": "mine"], base: 5), on: deleted)
        guard case .resurrect(let whole, let written, _) = plan.effect else {
            Issue.record("\(plan)")
            return
        }
        #expect(whole == [ColumnWrite("id", "1"), ColumnWrite("name", "mine"), ColumnWrite("x", "7")])
        #expect(written == ["name"])
        #expect(plan.outcome == .applied)
    }

    @Test func anUpdateThatLostEveryColumnBringsNothingBack() {
        let row = Steps.present("theirs", columns: ["name": Steps.clock(6, 200, "b", seq: 1)])
        let deleted = Steps.deleted(row, version: 9, at: 300, by: "b", seq: 2)
        let plan = Steps.plan(Steps.operation(.update, ["name": "mine"], base: 5), on: deleted)
        #expect(plan.effect == .nothing)
        #expect(plan.outcome == .merged)
    }

    @Test func anUpdateOfARowThatItsReplicaKnewDeletedIsRejected() {
        let deleted = Steps.deleted(Steps.present(), version: 9, at: 90, by: "a", seq: 1)
        #expect(Steps.plan(Steps.operation(.update, ["x": "1"], base: 9), on: deleted).reason?.code == "row_missing")
        let own = Steps.plan(Steps.operation(.update, ["x": "1"], base: 5), on: deleted, seq: 2)
        #expect(own.reason?.code == "row_missing")
    }

    @Test func aDeleteOfWhatIsGoneIsApplied() {
        for stored in [StoredRow.missing, Steps.deleted(Steps.present(), version: 9, at: 90)] {
            let plan = Steps.plan(Steps.operation(.delete, base: 5), on: stored)
            #expect(plan.effect == .nothing)
            #expect(plan.outcome == .applied)
        }
    }
}

@Suite struct OperationCheckTests {
    @Test(
        arguments: [
            (["id": Text("1"), "x": Text("2")], [:], "invalid_value"),
            ([:], [:], "invalid_value"),
            (["id": Text("1\0")], [:], "invalid_value"),
            (["id": Text("1")], ["nam": Value("x")], "unknown_column"),
            (["id": Text("1")], ["id": Value("2")], "not_supported"),
            (["id": Text("1")], ["name": Value.absent], "invalid_value"),
            (["id": Text("1")], ["name": Value("a\0b")], "invalid_value"),
        ] as [([String: Text], [String: Value], String)])
    func refusesWhatDoesNotFitTheTable(key: [String: Text], set: [String: Value], code: String) {
        let operation = Operation(
            id: OperationID("o"), table: Steps.schema.name, action: .update, key: key, set: set, at: .zero, base: 0)
        #expect(OperationCheck.refusal(of: operation, in: Steps.schema)?.code == code)
    }

    @Test func refusesTablesWithoutAKey() {
        let schema = TableSchema(name: TableName(name: "log"), columns: Steps.schema.columns, primaryKey: [])
        #expect(OperationCheck.refusal(of: Steps.operation(.delete), in: schema)?.code == "not_supported")
        #expect(OperationCheck.refusal(of: Steps.operation(.delete), in: Steps.schema) == nil)
    }
}
