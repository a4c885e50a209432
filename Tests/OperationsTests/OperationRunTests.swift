import Merge
import Postgres
import SyncModel
import SyncService
import Testing

/// Neighbours of a batch that are carried out by one statement for all of them.
@Suite struct OperationRunTests {
    private static let tables = """
        CREATE TABLE things (
            id int, part text, name text, code varchar(3), n numeric(6, 2), flag boolean, doc jsonb, list int[],
            PRIMARY KEY (id, part));
        CREATE TABLE steps (id int PRIMARY KEY, name text, code varchar(3), parent_id int REFERENCES steps);
        """

    @Test func updatesAreOneStatementAndInsertsAreOne() throws {
        let fixture = try OperationFixture(Self.tables)
        var ana = Device("ana")
        for id in 1...50 { ana.add(.insert, "steps", id, ["name": "new"]) }
        _ = try ana.send(to: fixture)
        // A statement draws one version.
        #expect(try fixture.rows("SELECT count(DISTINCT version), count(*) FROM satchel.clock") == ["1|50"])
        for id in 1...50 { ana.add(.update, "steps", id, ["name": Value("edited \(id)")]) }
        let verdicts = try ana.send(to: fixture)
        #expect(verdicts.count == 50 && verdicts.allSatisfy { $0.outcome == .applied })
        #expect(try fixture.rows("SELECT count(DISTINCT version), count(*) FROM satchel.clock") == ["1|50"])
        #expect(try fixture.rows("SELECT count(*) FROM steps WHERE name = 'edited ' || id") == ["50"])
        #expect(
            try fixture.rows(
                "SELECT count(*) FROM satchel.clock WHERE (columns -> 'name' ->> 3)::int BETWEEN 51 AND 100")
                == ["50"])
    }

    @Test func valuesOfEveryKindArriveAsTheyAre() throws {
        let fixture = try OperationFixture(Self.tables)
        var seq: Int64 = 0
        let wanted: [(name: Value, doc: Value, list: Value)] = [
            ("it's \\ \"ü\", {x}", #"{"a": "b\"c"}"#, "{1,NULL,3}"), (.null, .null, .null), ("", "[]", "{}"),
            ("NULL", "null", "{2}"),
        ]
        func batch(_ action: Operation.Action, _ more: [String: Value]) -> OperationBatch {
            let operations = wanted.enumerated().map { index, value in
                seq += 1
                let set = ["name": value.name, "doc": value.doc, "list": value.list].merging(more) { $1 }
                return SequencedOperation(
                    seq: seq,
                    operation: Operation(
                        id: OperationID("o\(seq)"), table: TableName("things"), action: action,
                        key: ["id": Text("\(index)"), "part": "a/\"b"], set: set,
                        at: HybridTimestamp(microseconds: 500 + seq), base: 0))
            }
            return OperationBatch(
                replica: ReplicaID("r"), epoch: OperationFixture.epoch, acknowledged: 0, operations: operations)
        }
        _ = try fixture.send(batch(.insert, ["flag": "t", "n": "1.5"]))
        let rows = "SELECT id, part, name, code, n, flag, doc, list FROM things ORDER BY id"
        let head = [#"0|a/"b|it's \ "ü", {x}|"#, #"1|a/"b|∅|"#, #"2|a/"b||"#, #"3|a/"b|NULL|"#]
        let tail = [#"|t|{"a": "b\"c"}|{1,NULL,3}"#, "|t|∅|∅", "|t|[]|{}", "|t|null|{2}"]
        #expect(try fixture.rows(rows) == zip(head, tail).map { $0 + "∅|1.50" + $1 })
        _ = try fixture.send(batch(.update, ["code": "xyz", "n": "7"]))
        #expect(try fixture.rows(rows) == zip(head, tail).map { $0 + "xyz|7.00" + $1 })
    }

    @Test func whatOneIsRefusedForDoesNotTouchTheOthers() throws {
        let fixture = try OperationFixture(Self.tables)
        try fixture.sql.execute("INSERT INTO steps (id) SELECT generate_series(1, 4)")
        var ana = Device("ana")
        let base = try fixture.version("steps", 1)
        ana.add(.update, "steps", 1, ["code": "a"], base: base)
        ana.add(.update, "steps", 2, ["code": "far too long"], base: base)
        ana.add(.update, "steps", 9, ["code": "b"])
        ana.add(.update, "steps", 3, ["code": "c"], base: base)
        ana.add(.update, "steps", 3, ["code": "d"], base: base)
        ana.add(.insert, "steps", 5)
        ana.add(.insert, "steps", 4)
        let verdicts = try ana.send(to: fixture)
        #expect(
            verdicts.map(\.outcome) == [.applied, .rejected, .rejected, .applied, .applied, .applied, .conflict])
        #expect(verdicts.map { $0.reason?.code } == [nil, "invalid_value", "row_missing", nil, nil, nil, "row_exists"])
        #expect(try fixture.rows("SELECT id, code FROM steps ORDER BY id") == ["1|a", "2|∅", "3|d", "4|∅", "5|∅"])
    }

    /// In one statement the child would find the parent that comes after it.
    @Test func aChildBeforeItsParentIsRefusedAsItIsAlone() throws {
        let fixture = try OperationFixture(Self.tables)
        var ana = Device("ana")
        ana.add(.insert, "steps", 2, ["parent_id": "1"])
        ana.add(.insert, "steps", 1)
        let verdicts = try ana.send(to: fixture)
        #expect(verdicts.map(\.outcome) == [.rejected, .applied])
    }
}
