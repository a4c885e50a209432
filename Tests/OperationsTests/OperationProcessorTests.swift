import Merge
import Postgres
import PostgresTesting
import SyncModel
import SyncService
import Testing

/// The processor over real PostgreSQL: merging.
@Suite struct OperationMergeTests {
    @Test func insertsUpdatesAndDeletesARow() throws {
        let fixture = try OperationFixture()
        var ana = Device("ana")
        ana.add(.insert, "steps", 1, ["pipeline_id": "1", "name": "fetch"])
        ana.add(.update, "steps", 1, ["name": .text("it's \\ \"ü\""), "x": .null])
        ana.add(.insert, "steps", 2)
        ana.add(.delete, "steps", 2)
        let verdicts = try ana.send(to: fixture)
        #expect(verdicts.map(\.outcome) == [.applied, .applied, .applied, .applied])
        #expect(try fixture.rows("SELECT * FROM steps") == ["1|1|it's \\ \"ü\"|∅|∅"])
        #expect(
            try fixture.rows("SELECT key, deleted_replica, deleted_seq FROM satchel.clock WHERE deleted")
                == ["\"2\"|ana|4"])
    }

    @Test func stampsExactlyWhatTheOperationWrote() throws {
        let fixture = try OperationFixture(
            OperationFixture.tables + """
                CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS
                    'BEGIN NEW.code := ''t''; RETURN NEW; END';
                CREATE TRIGGER touch BEFORE UPDATE ON steps FOR EACH ROW EXECUTE FUNCTION touch();
                """)
        var ana = Device("ana")
        try ana.sends(to: fixture, .insert, "steps", 1, at: 500)
        #expect(
            try fixture.rows(
                "SELECT stamp_version BETWEEN 1 AND version, stamp_clock, clock, stamp_replica, stamp_seq, columns "
                    + "FROM satchel.clock WHERE relation = 'public.steps'") == ["t|500|500|ana|1|{}"])
        try ana.sends(to: fixture, .update, "steps", 1, ["x": "7"], at: 600)
        #expect(
            try fixture.rows(
                """
                SELECT stamp_clock, (columns -> 'x' ->> 0)::bigint BETWEEN stamp_version + 1 AND version,
                    (columns -> 'x') - 0,
                    columns -> 'code' ->> 2, (columns -> 'code' ->> 0)::bigint = version,
                    clock = (columns -> 'code' ->> 1)::bigint, (SELECT count(*) FROM jsonb_object_keys(columns))
                FROM satchel.clock WHERE relation = 'public.steps'
                """) == ["500|t|[600, \"ana\", 2]||t|t|2"])
    }

    @Test func differentFieldsOfOneRowBothSurvive() throws {
        let fixture = try OperationFixture()
        try fixture.sql.execute("INSERT INTO steps (id, name, x) VALUES (1, 'old', 0)")
        let base = try fixture.version("steps", 1)
        var ana = Device("ana")
        var ben = Device("ben")
        let verdicts = [
            try ana.sends(to: fixture, .update, "steps", 1, ["name": "hers"], base: base),
            try ben.sends(to: fixture, .update, "steps", 1, ["x": "5"], base: base),
        ]
        #expect(verdicts.map(\.outcome) == [.applied, .applied])
        #expect(try fixture.rows("SELECT name, x FROM steps") == ["hers|5"])
    }

    @Test func theLaterWriteWinsAFieldThatTwoWroteWhoeverArrivesFirst() throws {
        for anaIsFirst in [true, false] {
            let fixture = try OperationFixture()
            try fixture.sql.execute("INSERT INTO steps (id, name) VALUES (1, 'old')")
            let base = try fixture.version("steps", 1)
            // Ahead of the insert's own clock, which is the database's.
            let now = try #require(try fixture.value("SELECT clock FROM satchel.clock WHERE relation = 'public.steps'"))
            let at = try #require(Int64(now)) + 1_000_000
            let arrival = HybridTimestamp(microseconds: at)
            var ana = Device("ana")
            var ben = Device("ben")
            ana.add(.update, "steps", 1, ["name": "hers"], at: at + 10, base: base)
            ben.add(.update, "steps", 1, ["name": "his"], at: at + 20, base: base)
            var results = [try fixture.send((anaIsFirst ? ana : ben).batch, arrival: arrival)]
            results.append(try fixture.send((anaIsFirst ? ben : ana).batch, arrival: arrival))
            #expect(try fixture.rows("SELECT name FROM steps") == ["his"])
            guard case .answered(let answer) = results[1] else { return }
            #expect(answer.verdicts.map(\.outcome) == [anaIsFirst ? .applied : .merged])
            if !anaIsFirst {
                #expect(
                    answer.verdicts[0].lost == [
                        LostWrite(
                            column: "name", mine: "hers", theirs: "his", writer: ReplicaID("ben"),
                            writtenAt: HybridTimestamp(microseconds: at + 20))
                    ])
            }
        }
    }

    @Test func plainSQLTakesPartInTheMerge() throws {
        let fixture = try OperationFixture()
        try fixture.sql.execute("INSERT INTO steps (id, name, x) VALUES (1, 'old', 0)")
        let base = try fixture.version("steps", 1)
        try fixture.sql.execute("UPDATE steps SET name = 'sql' WHERE id = 1")
        var ana = Device("ana")
        // Her clock is of long ago; the database's is of now.
        let lost = try ana.sends(to: fixture, .update, "steps", 1, ["name": "hers", "x": "1"], at: 500, base: base)
        #expect(lost.outcome == .merged)
        #expect(lost.lost.map(\.writer) == [.plainSQL])
        #expect(try fixture.rows("SELECT name, x FROM steps") == ["sql|1"])
        let seen = try fixture.version("steps", 1)
        let won = try ana.sends(to: fixture, .update, "steps", 1, ["name": "hers"], at: 600, base: seen)
        #expect(won.outcome == .applied)
        #expect(try fixture.rows("SELECT name FROM steps") == ["hers"])
    }

    @Test func aWinningWriteOfTheSameValueCounts() throws {
        // A row from before the bookkeeping: without a clock, which is clock zero.
        let fixture = try OperationFixture(OperationFixture.tables + "INSERT INTO steps (id, name) VALUES (1, 'old')")
        var ana = Device("ana")
        var ben = Device("ben")
        var cid = Device("cid")
        try ana.sends(to: fixture, .update, "steps", 1, ["name": "same"], at: 510)
        let before = try fixture.version("steps", 1)
        try ben.sends(to: fixture, .update, "steps", 1, ["name": "same"], at: 530)
        #expect(try fixture.version("steps", 1) > before)
        let late = try cid.sends(to: fixture, .update, "steps", 1, ["name": "late"], at: 520)
        #expect(late.outcome == .merged)
        #expect(late.lost.map(\.writer) == [ReplicaID("ben")])
        #expect(try fixture.rows("SELECT name FROM steps") == ["same"])
    }

    @Test func upsertsByWhoeverCameFirst() throws {
        let fixture = try OperationFixture()
        var ana = Device("ana")
        #expect(try ana.sends(to: fixture, .upsert, "steps", 1, ["name": "a"]).outcome == .applied)
        #expect(try ana.sends(to: fixture, .upsert, "steps", 1, ["x": "3"]).outcome == .applied)
        #expect(try fixture.rows("SELECT name, x FROM steps") == ["a|3"])
    }

    @Test func keysAreTakenAsTheDatabaseSpellsThem() throws {
        let fixture = try OperationFixture("CREATE TABLE docs (id uuid PRIMARY KEY, a text)")
        let device = ReplicaID("ana")
        func batch(_ seq: Int64, _ action: Operation.Action, _ key: String) -> OperationBatch {
            OperationBatch(
                replica: device, epoch: nil, acknowledged: seq - 1,
                operations: [
                    SequencedOperation(
                        seq: seq,
                        operation: Operation(
                            id: OperationID("o\(seq)"), table: TableName(name: "docs"), action: action,
                            key: ["id": Text(key)], set: ["a": .text(Text("\(seq)"))],
                            at: HybridTimestamp(microseconds: 500 + seq), base: 0))
                ])
        }
        _ = try fixture.send(batch(1, .insert, "A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11"))
        _ = try fixture.send(batch(2, .update, "{a0eebc999c0b4ef8bb6d6bb9bd380a11}"))
        #expect(try fixture.rows("SELECT a FROM docs") == ["2"])
        #expect(
            try fixture.rows("SELECT key, columns -> 'a' ->> 3 FROM satchel.clock")
                == ["\"a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11\"|2"])
    }
}

/// `update_wins`, and what a cascade took.
@Suite struct ResurrectionTests {
    private func fixture() throws -> OperationFixture {
        let fixture = try OperationFixture()
        try fixture.sql.execute(
            """
            INSERT INTO steps (id, pipeline_id, name, x) VALUES (1, 1, 'one', 1), (2, 1, 'two', 2), (3, 1, 'three', 3);
            INSERT INTO connections VALUES (12, 1, 1, 2), (23, 1, 2, 3), (31, 1, 3, 1)
            """)
        return fixture
    }

    @Test func anUpdateBringsARowBackWholeWithItsConnections() throws {
        let fixture = try fixture()
        let base = try fixture.version("steps", 2)
        try fixture.sql.execute("UPDATE steps SET x = 22 WHERE id = 2")
        let other = try fixture.version("steps", 2)
        var ana = Device("ana")
        var ben = Device("ben")
        try ben.sends(to: fixture, .delete, "steps", 2, base: other)
        #expect(try fixture.rows("SELECT id FROM connections") == ["31"])
        let clocks = try fixture.rows(
            "SELECT key, stamp_version, stamp_clock, columns FROM satchel.clock WHERE deleted ORDER BY relation, key")
        let verdict = try ana.sends(to: fixture, .update, "steps", 2, ["name": "edited"], at: .max, base: base)
        #expect(verdict.outcome == .applied)
        #expect(try fixture.rows("SELECT * FROM steps WHERE id = 2") == ["2|1|edited|22|∅"])
        #expect(try fixture.rows("SELECT id FROM connections ORDER BY id") == ["12", "23", "31"])
        #expect(try fixture.value("SELECT count(*) FROM satchel.clock WHERE deleted") == "0")
        // Only the written column has a new clock; all have a new version as a row.
        let now = try fixture.rows(
            """
            SELECT key, stamp_version, stamp_clock, columns - 'name' FROM satchel.clock
            WHERE key IN ('"12"', '"23"') OR relation = 'public.steps' AND key = '"2"' ORDER BY relation, key
            """)
        #expect(now == clocks)
        #expect(try fixture.version("steps", 2) > other)
        #expect(
            try fixture.rows(
                "SELECT columns -> 'name' ->> 2 FROM satchel.clock WHERE relation = 'public.steps' AND key = '\"2\"'")
                == ["ana"])
    }

    @Test func anUpdateThatCameFirstKeepsTheRow() throws {
        let fixture = try fixture()
        let base = try fixture.version("steps", 2)
        var ana = Device("ana")
        var ben = Device("ben")
        try ana.sends(to: fixture, .update, "steps", 2, ["name": "edited"], base: base)
        let verdict = try ben.sends(to: fixture, .delete, "steps", 2, at: 900, base: base)
        #expect(verdict.outcome == .merged)
        #expect(verdict.lost.map(\.column) == [nil])
        #expect(verdict.lost.map(\.writer) == [ReplicaID("ana")])
        #expect(try fixture.rows("SELECT name FROM steps WHERE id = 2") == ["edited"])
        #expect(try fixture.value("SELECT count(*) FROM connections") == "3")
    }

    @Test func aDeleteByPlainSQLIsMetTheSameWay() throws {
        let fixture = try fixture()
        let base = try fixture.version("pipelines", 1)
        try fixture.sql.execute("DELETE FROM pipelines")
        #expect(try fixture.value("SELECT count(*) FROM steps") == "0")
        var ana = Device("ana")
        #expect(
            try ana.sends(to: fixture, .update, "pipelines", 1, ["name": "q"], at: .max, base: base).outcome == .applied
        )
        #expect(try fixture.rows("SELECT id FROM steps ORDER BY id") == ["1", "2", "3"])
        #expect(try fixture.rows("SELECT id FROM connections ORDER BY id") == ["12", "23", "31"])
    }

    @Test func whatChangedSinceTheDeleteIsLeftAsItIs() throws {
        let fixture = try fixture()
        let base = try fixture.version("steps", 2)
        var ben = Device("ben")
        try ben.sends(to: fixture, .delete, "steps", 2, base: base)
        try fixture.sql.execute("INSERT INTO connections VALUES (12, 1, 1, 3)")
        try fixture.sql.execute("DELETE FROM steps WHERE id = 3")
        var ana = Device("ana")
        try ana.sends(to: fixture, .update, "steps", 2, ["name": "edited"], at: .max, base: base)
        // 12 was made anew and went with step 3 by another delete; 23 misses its other end.
        #expect(try fixture.rows("SELECT id FROM connections") == [])
        #expect(try fixture.rows("SELECT id FROM steps ORDER BY id") == ["1", "2"])
    }

    @Test func aRowThatTakesTheSamePlaceStaysAlone() throws {
        let fixture = try fixture()
        let base = try fixture.version("steps", 2)
        var ben = Device("ben")
        ben.add(.delete, "connections", 12, base: try fixture.version("connections", 12))
        ben.add(.delete, "steps", 2, base: base)
        _ = try ben.send(to: fixture)
        var ana = Device("ana")
        try ana.sends(to: fixture, .update, "steps", 2, ["name": "edited"], at: .max, base: base)
        // Deleted by a person, in the same transaction but not by the cascade.
        #expect(try fixture.rows("SELECT id FROM connections ORDER BY id") == ["23", "31"])
    }

    @Test func anUpdateWithoutItsParentIsRejected() throws {
        let fixture = try fixture()
        let base = try fixture.version("steps", 2)
        try fixture.sql.execute("DELETE FROM pipelines")
        var ana = Device("ana")
        let verdict = try ana.sends(to: fixture, .update, "steps", 2, ["name": "edited"], at: .max, base: base)
        #expect(verdict.outcome == .rejected)
        #expect(verdict.reason?.code == "foreign_key_violation")
        #expect(try fixture.value("SELECT count(*) FROM steps") == "0")
    }

    @Test func aDeleteThatIsRepeatedByAnotherIsApplied() throws {
        let fixture = try fixture()
        let base = try fixture.version("steps", 2)
        var ana = Device("ana")
        var ben = Device("ben")
        try ana.sends(to: fixture, .delete, "steps", 2, base: base)
        let verdict = try ben.sends(to: fixture, .delete, "steps", 2, base: base)
        #expect(verdict.outcome == .applied)
        let own = try ana.sends(to: fixture, .update, "steps", 2, ["x": "1"], base: base)
        #expect(own.reason?.code == "row_missing")
    }
}
