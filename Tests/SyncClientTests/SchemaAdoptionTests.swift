import SyncClient
import SyncModel
import SyncProtocol
import Testing

@Suite struct SchemaAdoptionTests {
    private static let epoch = Epoch(systemIdentifier: "7", timeline: 1)

    private func answer(_ tag: String) -> SchemaAnswer {
        SchemaAnswer(epoch: Self.epoch, tag: tag, schema: DatabaseSchema(tables: []), dataModel: nil)
    }

    private func frontier(_ tag: String, isComplete: Bool = true) -> Frontier {
        Frontier(
            epoch: Self.epoch, position: 9, confirmedSeq: 0, isComplete: isComplete,
            serviceClock: HybridTimestamp(microseconds: 0), schemaTag: tag)
    }

    @Test func whatConcernsNoRowInViewIsTakenAtOnce() {
        var adoption = SchemaAdoption()
        #expect(adoption.delivered(answer("a"), awaitsRows: false) == true)
        #expect(adoption.schema(for: frontier("a")) == nil)
    }

    @Test func otherColumnsComeWithTheirRows() {
        var adoption = SchemaAdoption()
        adoption.applied(frontier("a"))
        #expect(adoption.delivered(answer("b"), awaitsRows: true) == false)
        #expect(adoption.schema(for: frontier("a")) == nil)
        #expect(adoption.schema(for: frontier("b", isComplete: false)) == nil)
        #expect(adoption.schema(for: frontier("b")) == answer("b"))
        adoption.adopted()
        #expect(adoption.schema(for: frontier("b")) == nil)
    }

    @Test func theSchemaOfTheViewIsTakenAtOnce() {
        var adoption = SchemaAdoption()
        adoption.applied(frontier("b"))
        adoption.applied(frontier("c", isComplete: false))
        #expect(adoption.delivered(answer("c"), awaitsRows: true) == false)
        #expect(adoption.delivered(answer("b"), awaitsRows: true) == true)
        // The older one is not awaited any more.
        #expect(adoption.schema(for: frontier("c")) == nil)
    }

    @Test func aNewerOneTakesThePlaceOfTheOneAwaited() {
        var adoption = SchemaAdoption()
        #expect(adoption.delivered(answer("b"), awaitsRows: true) == false)
        #expect(adoption.delivered(answer("c"), awaitsRows: true) == false)
        #expect(adoption.schema(for: frontier("b")) == nil)
        #expect(adoption.schema(for: frontier("c")) == answer("c"))
    }

    @Test func whatCannotBeReadIsReadWithTheOneAwaitedOrWaitsForIt() {
        var adoption = SchemaAdoption()
        #expect(adoption.takeWaitingStream() == false)
        #expect(adoption.isUnreadable() == nil)
        #expect(adoption.delivered(answer("b"), awaitsRows: true) == false)
        #expect(adoption.takeWaitingStream() == true)
        #expect(adoption.takeWaitingStream() == false)
        #expect(adoption.isUnreadable() == answer("b"))
        #expect(adoption.takeWaitingStream() == false)
    }
}
