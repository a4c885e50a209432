@testable import Replica
import Shapes
import SyncModel
import Testing

/// Answers that bring several transactions of the database.
@Suite struct SourceTransactionTests {
    /// A message of the transaction.
    private func at(_ transaction: UInt64, _ message: ShapeMessage) -> ShapeMessage {
        ShapeMessage(
            kind: message.kind, table: message.table, key: message.key, fields: message.fields, clock: message.clock,
            origin: ShapeMessage.Origin(offset: LogOffset(tx: transaction, op: 0), xid: 1, isLast: true))
    }

    private func batch(_ fixture: Fixture, _ parts: [(HeldShape, [ShapeMessage])]) -> SyncBatch {
        SyncBatch(
            shapes: parts.map { shape, messages in
                ShapeBatch(
                    shape: shape.id, handle: ShapeHandle("h"), offset: LogOffset(tx: 99, op: 0), messages: messages)
            }, frontier: fixture.frontier())
    }

    @Test func eachSourceTransactionIsToldApartOverAllShapes() throws {
        let fixture = try Fixture()
        let all = try fixture.hold(#"{"root_table": "users"}"#)
        let some = try fixture.hold(#"{"root_table": "users", "where": {"name": "Ana"}}"#)
        try fixture.answer(all)
        try fixture.answer(some)
        let first = fixture.insert(Sample.users, "a", ["name": "Ana"])
        let renamed = fixture.update(Sample.users, "a", ["name": "Eva"])
        let second = fixture.insert(Sample.users, "b", ["name": "Ana"])
        let sequence = fixture.replica.sequence
        let effects = try fixture.replica.apply(
            batch(
                fixture,
                [
                    (all, [at(20, first), at(21, renamed), at(22, second)]),
                    (some, [at(20, first), at(21, fixture.delete(Sample.users, "a")), at(22, second)]),
                ]))
        #expect(effects.map(\.position) == [20, 21, 22])
        #expect(effects.map(\.sequence) == [sequence + 1, sequence + 2, sequence + 3])
        #expect(effects.allSatisfy { $0.shapes.map(\.shape) == [all.id, some.id] })
        #expect(
            effects.map { $0.shapes.map { $0.changes.map(\.kind) } } == [
                [[.insert], [.insert]], [[.update], [.delete]], [[.insert], [.insert]],
            ])
        #expect(fixture.replica.heldShape(all.id)?.rowCount == 2 && fixture.replica.heldShape(some.id)?.rowCount == 1)
    }

    @Test func storesTheCountOfRowsWhereOneCameAndWent() throws {
        let fixture = try Fixture()
        let shape = try fixture.hold(#"{"root_table": "users"}"#)
        try fixture.answer(shape, [fixture.insert(Sample.users, "a", ["name": "Ana"])])
        let inserted = fixture.insert(Sample.users, "b", ["name": "Ben"])
        let deleted = fixture.delete(Sample.users, "b")
        let effects = try fixture.replica.apply(batch(fixture, [(shape, [at(20, inserted), at(21, deleted)])]))
        #expect(effects.count == 2)
        #expect(try fixture.replica.inspect { try ShapeTable.all(in: $0.db).map(\.rowCount) } == [1])
    }

    /// Kept for later, they could not be played once the column was dropped.
    @Test func messagesThatNameAColumnWhichIsNotKnownAreNotKeptForLater() throws {
        let fixture = try Fixture()
        let live = try fixture.hold(#"{"root_table": "users"}"#)
        let behind = try fixture.hold(#"{"root_table": "steps"}"#)
        try fixture.answer(live, [fixture.insert(Sample.users, "a", ["name": "Ana"])])
        try fixture.answer(behind)
        var cutUp = batch(
            fixture, [(live, [at(20, fixture.update(Sample.users, "a", ["extra": "1"]))]), (behind, [])])
        cutUp.shapes[1].hasMore = true
        let error = #expect(throws: ReplicaError.self) { _ = try fixture.replica.apply(cutUp) }
        #expect(error?.code == .schemaUnknown)
        #expect(fixture.replica.heldShapes.map(\.status) == [.live, .live])
    }

    /// Begun anew, the shape would bring them again at once.
    @Test func aSnapshotThatNamesAColumnWhichIsNotKnownWaitsForTheSchema() throws {
        let fixture = try Fixture()
        let shape = try fixture.hold(#"{"root_table": "users"}"#)
        let row = fixture.insert(Sample.users, "a", ["name": "Ana", "extra": "1"])
        let error = #expect(throws: ReplicaError.self) { try fixture.answer(shape, [row], isReset: true) }
        #expect(error?.code == .schemaUnknown)
    }

    @Test func ownOperationsStayOnTopOfEveryStepUntilTheyAreConfirmed() throws {
        let fixture = try Fixture()
        let shape = try fixture.hold(#"{"root_table": "users"}"#)
        try fixture.answer(shape, [fixture.insert(Sample.users, "a", ["name": "Ana"])])
        try fixture.submit(Sample.update(Sample.users, "a", ["name": "mine"]))
        let effects = try fixture.replica.apply(
            batch(
                fixture,
                [
                    (
                        shape,
                        [
                            at(20, fixture.update(Sample.users, "a", ["name": "theirs"], version: 5)),
                            at(21, fixture.insert(Sample.users, "b", ["name": "Eva"])),
                        ]
                    )
                ]))
        #expect(effects.map { $0.shapes.flatMap { $0.changes.map(\.kind) } } == [[.insert]])
        #expect(try fixture.value(shape, Sample.users, "a", "name") == "mine")
    }

    @Test func tooManyTransactionsForOneEventAreToldAsOneReset() throws {
        let fixture = try Fixture(limits: ReplicaLimits(maxChanges: 3))
        let shape = try fixture.hold(#"{"root_table": "users"}"#)
        try fixture.answer(shape)
        let messages = (1...5).map { at(UInt64($0), fixture.insert(Sample.users, "u\($0)", ["name": "n"])) }
        let effects = try fixture.replica.apply(batch(fixture, [(shape, messages)]))
        #expect(effects.map { $0.shapes.map(\.isReset) } == [[true]])
        #expect(fixture.replica.heldShape(shape.id)?.rowCount == 5)
    }

    @Test func aShapeWhoseNewLifeComesIntoViewIsNotShownHalfWayThroughTransactions() throws {
        let fixture = try Fixture()
        let users = try fixture.hold(#"{"root_table": "users"}"#)
        let pipelines = try fixture.hold(#"{"root_table": "pipelines"}"#)
        try fixture.answer(users)
        try fixture.answer(pipelines)
        var whole = batch(
            fixture,
            [
                (users, [1, 2].map { at($0, fixture.insert(Sample.users, "u\($0)", ["name": "n"])) }),
                (pipelines, [fixture.insert(Sample.pipelines, "p", ["name": "n"])]),
            ])
        whole.shapes[1].isReset = true
        let effects = try fixture.replica.apply(whole)
        #expect(effects.map { $0.shapes.map(\.shape) } == [[users.id, pipelines.id]])
        #expect(effects.map(\.position) == [whole.frontier.position])
    }
}
