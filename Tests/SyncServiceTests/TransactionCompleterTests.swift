import SyncModel
import Testing

import SyncService

@Suite struct TransactionCompleterTests {
    static let table = TableSchema(
        name: TableName("t"),
        columns: [
            Column("id", number: 1, type: ColumnType("int4"), isNotNull: true),
            Column("a", number: 2, type: ColumnType("text")), Column("b", number: 3, type: ColumnType("text")),
        ], primaryKey: ["id"])
    static let columns = ["id", "a", "b"]

    private func key(_ text: String) -> RowKey { RowKey(values: [Value(text)]) }

    private func change(
        _ kind: SourceChange.Kind, old: [SourceChange.Field]? = nil, new: [SourceChange.Field]? = nil
    ) -> SourceEvent {
        .change(SourceChange(kind: kind, table: Self.table.name, columns: Self.columns, old: old, new: new))
    }

    private func clock(_ key: String, version: String, clock: String) -> SourceEvent {
        .change(
            SourceChange(
                kind: .update, table: ClockRow.table, columns: ["relation", "key", "version", "clock"], old: nil,
                new: [.text("public.t"), .text(Text("\"\(key)\"")), .text(Text(version)), .text(Text(clock))]))
    }

    private func complete(
        _ events: [SourceEvent], stored: [String: [Value]] = [:]
    ) throws -> TransactionCompleter.Result {
        var completer = TransactionCompleter(schema: DatabaseSchema(tables: [Self.table])) { _, key in
            for (id, values) in stored where RowKey(values: [Value(id)]) == key { return (Row(values), .zero) }
            return nil
        }
        return try completer.complete(events)
    }

    @Test func unchangedToastedValuesComeFromTheMirror() throws {
        let result = try complete(
            [change(.update, new: [.text("1"), .text("new"), .unchanged])], stored: ["1": ["1", "old", "long"]])
        #expect(
            result.changes == [
                RowChange(
                    table: Self.table.name, key: key("1"), old: Row(["1", "old", "long"]),
                    new: Row(["1", "new", "long"]), clock: .zero)
            ])
    }

    /// Of a large transaction only what rows become is written down.
    @Test func whatARowWasIsAskedForOnlyWhereItDecidesWhatItBecomes() throws {
        var asked: [String] = []
        var completer = TransactionCompleter(
            schema: DatabaseSchema(tables: [Self.table]), needsOld: false,
            stored: { _, key in
                asked.append(key.description)
                return (Row(["x", "old", "long"]), RowClock(version: 3, clock: .zero))
            })
        let result = try completer.complete([
            change(.insert, new: [.text("1"), .text("a"), .null]), clock("1", version: "7", clock: "700"),
            change(.update, new: [.text("2"), .text("old"), .text("long")]),
            change(.delete, old: [.text("3"), .null, .null]),
            change(.update, new: [.text("4"), .text("new"), .unchanged]), clock("5", version: "8", clock: "800"),
        ])
        #expect(asked == [#""4""#])
        #expect(result.changes.map(\.key.description) == ["1", "2", "3", "4"].map { "\"\($0)\"" })
        #expect(
            result.changes.map(\.new) == [
                Row(["1", "a", .null]), Row(["2", "old", "long"]), nil, Row(["4", "new", "long"]),
            ])
        #expect(result.changes.map(\.clock?.version) == [7, nil, nil, 3])
        #expect(result.clocks.map(\.key) == [key("5")] && result.clocks.map(\.clock.version) == [8])
    }

    @Test func clocksOfRowsThatATruncateTookAreNone() throws {
        var completer = TransactionCompleter(
            schema: DatabaseSchema(tables: [Self.table]), needsOld: false, stored: { _, _ in nil })
        let result = try completer.complete([clock("5", version: "8", clock: "800"), .truncate([Self.table.name])])
        #expect(result.clocks.isEmpty && result.truncated == [Self.table.name])
    }

    @Test func unchangedToastedValuesFollowTheRowToItsNewKey() throws {
        let result = try complete(
            [change(.update, old: [.text("1"), .null, .null], new: [.text("2"), .text("x"), .unchanged])],
            stored: ["1": ["1", "x", "long"]])
        #expect(result.changes.count == 2)
        #expect(result.changes[0].new == nil && result.changes[0].movedTo == key("2"))
        #expect(result.changes[1].new == Row(["2", "x", "long"]) && result.changes[1].movedFrom == key("1"))
    }

    @Test func severalChangesOfOneRowBecomeOne() throws {
        let result = try complete([
            change(.insert, new: [.text("1"), .text("a"), .null]),
            change(.update, new: [.text("1"), .text("b"), .null]),
        ])
        #expect(result.changes.map(\.new) == [Row(["1", "b", .null])])
        #expect(result.changes.map(\.old) == [nil])
    }

    @Test func whatComesAndGoesLeavesNothing() throws {
        let result = try complete([
            change(.insert, new: [.text("1"), .text("a"), .null]), change(.delete, old: [.text("1"), .null, .null]),
        ])
        #expect(result.changes.isEmpty)
    }

    @Test func clockRowsGiveTheirRowItsClock() throws {
        let result = try complete([
            change(.insert, new: [.text("1"), .text("a"), .null]), clock("1", version: "7", clock: "700"),
        ])
        #expect(
            result.changes.map(\.clock) == [RowClock(version: 7, clock: HybridTimestamp(microseconds: 700))])
    }

    @Test func truncateIsTheEndOfEachRowWhereTheyAreFew() throws {
        let rows = ["1", "2"].map { id in
            (key: RowKey(values: [Value(id)]), row: Row([Value(id), "a", .null]), clock: RowClock.zero)
        }
        var completer = TransactionCompleter(
            schema: DatabaseSchema(tables: [Self.table]),
            stored: { _, key in rows.first { $0.key == key }.map { ($0.row, $0.clock) } }, rows: { _ in rows })
        let result = try completer.complete([
            change(.update, new: [.text("1"), .text("x"), .null]),
            change(.insert, new: [.text("3"), .text("x"), .null]),
            .truncate([Self.table.name]), change(.insert, new: [.text("2"), .text("y"), .null]),
        ])
        #expect(result.truncated.isEmpty && result.emptied == [Self.table.name])
        #expect(result.changes.map(\.key.description) == [#""1""#, #""2""#])
        #expect(result.changes.map(\.old) == [Row(["1", "a", .null]), Row(["2", "a", .null])])
        #expect(result.changes.map(\.new) == [nil, Row(["2", "y", .null])])
    }

    @Test func truncateForgetsWhatWasBefore() throws {
        let result = try complete(
            [
                change(.update, new: [.text("1"), .text("x"), .null]), .truncate([Self.table.name]),
                change(.insert, new: [.text("1"), .text("y"), .null]),
            ], stored: ["1": ["1", "old", "old"]])
        #expect(result.truncated == [Self.table.name])
        #expect(result.changes.map(\.old) == [nil])
        #expect(result.changes.map(\.new) == [Row(["1", "y", .null])])
    }

    @Test func aColumnThatTheCatalogueDoesNotKnowIsNoticed() throws {
        let relation = SourceRelation(oid: 1, table: Self.table.name, columns: ["id", "a", "c"], typeOIDs: [1, 2, 3])
        #expect(try complete([.relation(relation)]).schemaDiffers == Self.table.name)
        let same = SourceRelation(oid: 1, table: Self.table.name, columns: ["b", "id", "a"], typeOIDs: [1, 2, 3])
        #expect(try complete([.relation(same)]).schemaDiffers == nil)
    }
}
