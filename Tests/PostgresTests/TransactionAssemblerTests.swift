import SyncModel
import Testing

@testable import Postgres

@Suite struct TransactionAssemblerTests {
    private let table = SourceRelation(oid: 3, table: TableName(name: "t"), columns: ["a"], typeOIDs: [25])
    private let begin = PgOutputMessage.begin(position: LSN(10), committedAt: 5, xid: 7)
    private let commit = PgOutputMessage.commit(position: LSN(10), end: LSN(20), committedAt: 5)
    private let header = SourceTransactionHeader(xid: 7, position: LSN(10), committedAt: 5)

    private func insert(_ text: Text) -> SourceEvent {
        .change(SourceChange(kind: .insert, table: table.table, columns: ["a"], old: nil, new: [.text(text)]))
    }

    @Test func joinsTheEventsOfATransaction() throws {
        var assembler = TransactionAssembler()
        #expect(try assembler.received(begin, byteCount: 1) == [.begin(header)])
        #expect(assembler.isInTransaction)
        #expect(try assembler.received(.type(oid: 1, name: TableName(name: "x")), byteCount: 1) == [])
        #expect(try assembler.received(.relation(table), byteCount: 1) == [])
        #expect(try assembler.received(.insert(relation: 3, new: [.text("x")]), byteCount: 1) == [])
        #expect(try assembler.received(.truncate(relations: [3]), byteCount: 1) == [])
        #expect(
            try assembler.received(commit, byteCount: 1) == [
                .slice([.relation(table), insert("x"), .truncate([table.table])]), .commit(end: LSN(20)),
            ])
        #expect(!assembler.isInTransaction)
        // The description outlives its transaction.
        _ = try assembler.received(begin, byteCount: 1)
        _ = try assembler.received(.delete(relation: 3, old: [.text("x")]), byteCount: 1)
        #expect(try assembler.received(commit, byteCount: 1).count == 2)
    }

    @Test func cutsAtTheLimitAndJoinsAgain() throws {
        var assembler = TransactionAssembler(sliceLimit: 10)
        var joiner = TransactionJoiner()
        var events: [ReplicationEvent] = []
        let texts = (0..<7).map { Text("\($0)") }
        let messages =
            [begin, .relation(table)] + texts.map { .insert(relation: 3, new: [.text($0)]) } + [commit]
        for message in messages { events += try assembler.received(message, byteCount: 4) }
        #expect(events.count == 5)
        #expect(
            events.compactMap { if case .slice(let slice) = $0 { slice.count } else { nil } } == [3, 3, 2])
        let joined = events.compactMap { joiner.received($0) }
        #expect(
            joined == [
                .transaction(
                    SourceTransaction(
                        xid: 7, position: LSN(10), end: LSN(20), committedAt: 5,
                        events: [.relation(table)] + texts.map { insert($0) }))
            ])
    }

    @Test func moreSlicesThanAreHeldComeInParts() throws {
        let header = SourceTransactionHeader(xid: 7, position: LSN(10), committedAt: 5)
        func events(_ text: String) -> [SourceEvent] { [insert(Text(text))] }
        var joiner = TransactionJoiner(sliceLimit: 2)
        let whole: [ReplicationEvent] = [
            .begin(header), .slice(events("a")), .slice(events("b")), .commit(end: LSN(20)),
        ]
        let joined = whole.compactMap { joiner.received($0) }
        #expect(joined.count == 1)
        let large = whole.dropLast() + [.slice(events("c")), .slice(events("d")), .commit(end: LSN(20))]
        #expect(
            large.compactMap { joiner.received($0) } == [
                .part(header, events("a") + events("b") + events("c")), .part(header, events("d")),
                .end(header, end: LSN(20)),
            ])
        // The next one is whole again.
        #expect(whole.compactMap { joiner.received($0) } == joined)
    }

    @Test func anEmptyTransactionHasNoSlice() throws {
        var assembler = TransactionAssembler()
        _ = try assembler.received(begin, byteCount: 1)
        #expect(try assembler.received(commit, byteCount: 1) == [.commit(end: LSN(20))])
    }

    @Test func freeMessagesStandAlone() throws {
        var assembler = TransactionAssembler()
        let free = LogicalMessage(isTransactional: false, prefix: "p", content: "", position: LSN(1))
        #expect(try assembler.received(.message(free), byteCount: 1) == [.message(free)])
    }

    @Test func refusesWhatCannotFollow() throws {
        let bound = LogicalMessage(isTransactional: true, prefix: "p", content: "", position: LSN(1))
        let free = LogicalMessage(isTransactional: false, prefix: "p", content: "", position: LSN(1))
        let sequences: [[PgOutputMessage]] = [
            [commit], [begin, begin], [.relation(table)], [.message(bound)], [begin, .message(free)],
            [begin, .insert(relation: 3, new: [.null])], [begin, .truncate(relations: [3])],
            [begin, .relation(table), .insert(relation: 3, new: [.null, .null])],
            [begin, .relation(table), .update(relation: 3, old: [], new: [.null])],
            [begin, .commit(position: LSN(11), end: LSN(20), committedAt: 5)],
            [begin, .commit(position: LSN(10), end: LSN(10), committedAt: 5)],
        ]
        for sequence in sequences {
            var assembler = TransactionAssembler()
            for message in sequence.dropLast() { _ = try assembler.received(message, byteCount: 1) }
            #expect(throws: PostgresError.self) { try assembler.received(sequence.last!, byteCount: 1) }
        }
    }
}
