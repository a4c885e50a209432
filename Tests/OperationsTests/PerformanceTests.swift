import Merge
import Postgres
import PostgresTesting
import SyncModel
import SyncService
import Testing

/// Prints figures; nothing here fails because a machine is slow.
@Suite(.serialized) struct OperationPerformanceTests {
    /// An upsert of a row that is there does the same as an update, and is carried out alone.
    @Test func manyUpdatesInBatchesOfAHundred() throws {
        let fixture = try OperationFixture()
        try fixture.sql.execute("INSERT INTO steps (id) SELECT * FROM generate_series(1, 2000); ANALYZE")
        let base = try fixture.version("steps", 1)
        var ana = Device("ana")
        var elapsed: [Duration] = [.zero, .zero]
        for batch in 0..<20 {
            let (kind, action) = batch.isMultiple(of: 2) ? (0, Operation.Action.update) : (1, .upsert)
            for index in 1...100 {
                ana.add(
                    action, "steps", 100 * batch + index, ["name": "edited", "x": Value("\(index)")], at: 1000,
                    base: base)
            }
            elapsed[kind] += try ContinuousClock().measure { _ = try fixture.send(ana.batch) }
            ana.settle()
        }
        let rates = elapsed.map { Int(1000 / ($0 / .seconds(1))) }
        print("OperationPerformanceTests: 1000 updates together \(rates[0]) a second, one by one \(rates[1])")
        #expect(try fixture.value("SELECT count(*) FROM steps WHERE name = 'edited' AND x IS NOT NULL") == "2000")
        #expect(
            try fixture.value("SELECT count(*) FROM satchel.clock WHERE columns -> 'x' ->> 2 = 'ana'") == "2000")
    }

    @Test func aPlanThatWasMadeForOneRowServesManyToo() throws {
        let count = 20_000
        let fixture = try OperationFixture("CREATE TABLE wide (id uuid PRIMARY KEY, a text, b text, c jsonb, n int)")
        let sql = fixture.sql
        try sql.execute("CREATE TABLE plain (LIKE wide INCLUDING ALL)")
        // Often enough for a generic plan to be kept.
        for _ in 0..<8 {
            try sql.execute("INSERT INTO wide VALUES (gen_random_uuid()); UPDATE wide SET n = 1; DELETE FROM wide")
        }
        let rows = """
            SELECT gen_random_uuid(), 'row ' || n, repeat('x', 100), jsonb_build_object('n', n), n
            FROM generate_series(1, \(count)) n
            """
        for (name, head, tail) in [
            ("INSERT", "INSERT INTO ", " \(rows)"), ("UPDATE", "UPDATE ", " SET a = a || '!', n = n + 1"),
            ("DELETE", "DELETE FROM ", ""),
        ] {
            let times = try ["plain", "wide"].map { table in
                try ContinuousClock().measure { try sql.execute(head + table + tail) }
            }
            print("OperationPerformanceTests: \(name) of \(count) rows: \(times[0]), with clocks \(times[1])")
        }
        #expect(try fixture.value("SELECT count(*) FROM satchel.clock WHERE deleted") == "\(count + 8)")
        #expect(try fixture.value("SELECT count(*) FROM satchel.clock WHERE columns ? 'a'") == "\(count)")
    }
}
