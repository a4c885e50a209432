import Postgres
import PostgresTesting
import SyncModel
import Testing

@Suite struct ReplicationStreamTests {
    @Test func handsOutTransactionsWholeAndInCommitOrder() throws {
        let fixture = try StreamFixture("CREATE TABLE t (id int PRIMARY KEY, a text)")
        let other = try fixture.database.connect()
        try fixture.connection.execute("BEGIN; INSERT INTO t VALUES (1, 'x')")
        try other.execute("INSERT INTO t VALUES (2, NULL)")
        try fixture.connection.execute(
            "UPDATE t SET a = 'y' WHERE id = 1; DELETE FROM t WHERE id = 2; COMMIT")
        try other.execute("BEGIN; INSERT INTO t VALUES (3, ''); ROLLBACK")
        let transactions = try fixture.transactions()
        let columns = ["id", "a"]
        let table = TableName(name: "t")
        #expect(
            transactions.map { $0.events.compactMap(\.change) } == [
                [
                    SourceChange(
                        kind: .insert, table: table, columns: columns, old: nil, new: [.text("2"), .null])
                ],
                [
                    SourceChange(
                        kind: .insert, table: table, columns: columns, old: nil,
                        new: [.text("1"), .text("x")]),
                    SourceChange(
                        kind: .update, table: table, columns: columns, old: nil,
                        new: [.text("1"), .text("y")]),
                    SourceChange(
                        kind: .delete, table: table, columns: columns, old: [.text("2"), .null], new: nil),
                ],
            ])
        #expect(transactions.allSatisfy { $0.position < $0.end && $0.xid > 0 })
        #expect(transactions[0].end <= transactions[1].position)
        let now = try fixture.connection.query("SELECT (extract(epoch FROM now()) * 1000000)::bigint").value
        let age = try #require(now.flatMap { Int64($0) }) - transactions[1].committedAt
        #expect((0..<600_000_000).contains(age))
    }

    @Test func everyTypeIsTheSameTextInCopyQueryAndStream() throws {
        let types = TypeSamples.all
        let columns = types.indices.map { "c\($0) \(types[$0].type)" }.joined(separator: ", ")
        let fixture = try StreamFixture(TypeSamples.setup + "CREATE TABLE t (id int PRIMARY KEY, \(columns))")
        let depth = types.map(\.values.count).max() ?? 0
        for row in 0..<depth {
            let values = types.map { $0.values.count > row ? $0.values[row] : nil }
            let list = types.indices.map { "$\($0 + 2)" }.joined(separator: ", ")
            try fixture.connection.query("INSERT INTO t VALUES ($1, \(list))", [String(row)] + values)
        }
        let queried = try fixture.connection.query("SELECT * FROM t ORDER BY id").rows.map {
            $0.map { Value($0) }
        }
        var parser = CopyRowParser(columnCount: types.count + 1)
        var copied: [[Value]] = []
        try fixture.connection.copyOut("COPY (SELECT * FROM t ORDER BY id) TO STDOUT") {
            copied.append(try parser.values($0))
        }
        let streamed = try fixture.changes().map { change in
            (change.new ?? []).map { field -> Value in
                switch field {
                case .text(let text): .text(text)
                case .null: .null
                case .unchanged: .absent
                }
            }
        }
        #expect(queried.count == depth)
        for row in 0..<depth {
            for column in 0...types.count
            where queried[row][column] != copied[row][column]
                || queried[row][column] != streamed[row][column]
            {
                Issue.record(
                    "\(column): \(queried[row][column]) \(copied[row][column]) \(streamed[row][column])")
            }
        }
        // And the text is taken back as the same value.
        for row in 0..<depth {
            let values = queried[row].dropFirst().map { $0.text?.string }
            let list = types.indices.map { "$\($0 + 2)" }.joined(separator: ", ")
            try fixture.connection.query("INSERT INTO t VALUES ($1, \(list))", [String(row + 100)] + values)
        }
        let again = try fixture.connection.query("SELECT * FROM t WHERE id >= 100 ORDER BY id").rows
        #expect(again.map { $0.dropFirst().map { Value($0) } } == queried.map { Array($0.dropFirst()) })
        print("types: \(types.count), values \(types.map(\.values.count).reduce(0, +))")
    }

    @Test func leavesOutToastedValuesThatDidNotChange() throws {
        let fixture = try StreamFixture(
            """
            CREATE TABLE t (id int PRIMARY KEY, small text, big text);
            ALTER TABLE t ALTER big SET STORAGE EXTERNAL;
            INSERT INTO t VALUES (1, 'a', repeat('x', 10000))
            """)
        try fixture.connection.execute("UPDATE t SET small = 'b'")
        try fixture.connection.execute("UPDATE t SET big = repeat('y', 10000)")
        try fixture.connection.execute("UPDATE t SET id = 2")
        let changes = try fixture.changes()
        #expect(changes.count == 3)
        #expect(changes[0].new == [.text("1"), .text("b"), .unchanged])
        #expect(
            changes[1].new == [.text("1"), .text("b"), .text(Text(String(repeating: "y", count: 10_000)))])
        #expect(changes[2].old == [.text("1"), .null, .null])
        #expect(changes[2].new == [.text("2"), .text("b"), .unchanged])
    }

    @Test func tellsTheOldKeyOrTheWholeOldRow() throws {
        let fixture = try StreamFixture(
            """
            CREATE TABLE k (a int, b int, c text, PRIMARY KEY (b, a)); INSERT INTO k VALUES (1, 2, 'x');
            CREATE TABLE f (a int PRIMARY KEY, c text); ALTER TABLE f REPLICA IDENTITY FULL;
            INSERT INTO f VALUES (1, 'x')
            """)
        try fixture.connection.execute(
            "UPDATE k SET a = 9; UPDATE f SET c = 'y'; DELETE FROM k; DELETE FROM f")
        let changes = try fixture.changes()
        #expect(changes.map(\.kind) == [.update, .update, .delete, .delete])
        #expect(changes[0].old == [.text("1"), .text("2"), .null])
        #expect(changes[0].new == [.text("9"), .text("2"), .text("x")])
        #expect(changes[1].old == [.text("1"), .text("x")])
        #expect(changes[2].old == [.text("9"), .text("2"), .null])
        #expect(changes[3].old == [.text("1"), .text("y")])
    }

    @Test func tellsTruncatesAndMessages() throws {
        let fixture = try StreamFixture(
            """
            CREATE TABLE p (id int PRIMARY KEY); CREATE TABLE c (id int PRIMARY KEY, p int REFERENCES p);
            INSERT INTO p VALUES (1); INSERT INTO c VALUES (1, 1)
            """)
        try fixture.connection.execute("TRUNCATE p CASCADE")
        try fixture.connection.execute(
            "BEGIN; SELECT pg_logical_emit_message(true, 'satchel.operation', '{\"seq\": 1}'); COMMIT")
        let events = try fixture.transactions().map { $0.events }
        #expect(events.count == 2)
        let truncated = events[0].compactMap { event in
            if case .truncate(let tables) = event { tables } else { nil }
        }
        #expect(truncated.map { $0.sorted() } == [[TableName(name: "c"), TableName(name: "p")]])
        guard case .message(let message) = events[1].first else {
            Issue.record("no message in \(events)")
            return
        }
        #expect(message.isTransactional)
        #expect(message.prefix == "satchel.operation")
        #expect(message.content == "{\"seq\": 1}")
    }

    @Test func freeMessagesComeEvenWhenTheirTransactionFails() throws {
        let fixture = try StreamFixture("CREATE TABLE t (id int PRIMARY KEY)")
        try fixture.connection.execute(
            """
            BEGIN; SELECT pg_logical_emit_message(false, 'free', 'é');
            SELECT pg_logical_emit_message(true, 'bound', '');
            ROLLBACK
            """
        )
        try fixture.connection.execute("INSERT INTO t VALUES (1)")
        let stream = try fixture.stream()
        var messages: [LogicalMessage] = []
        try stream.run { event in
            switch event {
            case .message(let message): messages.append(message)
            case .transaction: stream.stop()
            case .frontier, .part, .end: break
            }
        }
        #expect(messages.map(\.prefix) == ["free"])
        #expect(messages.map(\.content) == ["é"])
        #expect(messages.map(\.isTransactional) == [false])
    }

    @Test func describesATableAgainWhenItChanges() throws {
        let fixture = try StreamFixture("CREATE TABLE t (id int PRIMARY KEY, a text)")
        try fixture.connection.execute("INSERT INTO t VALUES (1, 'x')")
        try fixture.connection.execute("ALTER TABLE t ADD b int; INSERT INTO t VALUES (2, 'x', 5)")
        let relations = try fixture.transactions().flatMap(\.events).compactMap { event in
            if case .relation(let relation) = event { relation } else { nil }
        }
        #expect(relations.map(\.columns) == [["id", "a"], ["id", "a", "b"]])
        #expect(relations.map(\.typeOIDs) == [[23, 25], [23, 25, 23]])
    }

    @Test func aLargeTransactionComesInSlices() throws {
        let fixture = try StreamFixture("CREATE TABLE t (id int PRIMARY KEY, a text)")
        try fixture.connection.execute(
            "INSERT INTO t SELECT n, repeat('x', 50) FROM generate_series(1, 100000) n")
        let limit = 1 << 20
        let stream = try fixture.stream(sliceLimit: limit)
        var (rows, slices, largest, begins) = (0, 0, 0, 0)
        var next = 1
        try stream.runSliced { event in
            switch event {
            case .begin: begins += 1
            case .slice(let events):
                slices += 1
                largest = max(largest, events.count)
                for case .change(let change) in events {
                    #expect(change.new?[0] == .text(Text(String(next))))
                    next += 1
                    rows += 1
                }
            case .commit: stream.stop()
            case .message, .frontier: break
            }
        }
        print("large transaction: rows \(rows), slices \(slices), largest \(largest)")
        #expect((begins, rows) == (1, 100_000))
        #expect(slices > 3)
        #expect(largest * 60 < limit + 1000)
        let whole = try fixture.transactions()
        #expect(whole.map { $0.events.compactMap(\.change).count } == [100_000])
    }

    /// The end may be hours away.
    @Test func aStopDoesNotWaitForTheEndOfATransaction() throws {
        let fixture = try StreamFixture("CREATE TABLE t (id int PRIMARY KEY, a text)")
        try fixture.connection.execute(
            "INSERT INTO t SELECT n, repeat('x', 50) FROM generate_series(1, 100000) n")
        let stream = try fixture.stream(sliceLimit: 1 << 10)
        var (slices, commits) = (0, 0)
        try stream.runSliced { event in
            switch event {
            case .slice:
                slices += 1
                stream.stop()
            case .commit: commits += 1
            case .begin, .message, .frontier: break
            }
        }
        #expect(slices == 1 && commits == 0)
        // It comes again.
        #expect(try fixture.transactions().map { $0.events.compactMap(\.change).count } == [100_000])
    }

    @Test func startsWhereAsked() throws {
        let fixture = try StreamFixture("CREATE TABLE t (id int PRIMARY KEY)")
        for id in 1...3 { try fixture.connection.execute("INSERT INTO t VALUES (\(id))") }
        let all = try fixture.transactions()
        #expect(all.count == 3)
        func positions(from start: LSN) throws -> [LSN] {
            try fixture.transactions(startAt: start).prefix(2).map(\.position)
        }
        let expected = all.map(\.position)
        #expect(try positions(from: expected[1]) == [expected[1], expected[2]])
        #expect(try positions(from: LSN(expected[1].rawValue + 1)) == [expected[2]])
        #expect(try positions(from: all[1].end) == [expected[2]])
    }

    @Test func whatWasReportedFlushedIsNotSentAgain() throws {
        let fixture = try StreamFixture("CREATE TABLE t (id int PRIMARY KEY)")
        for id in 1...2 { try fixture.connection.execute("INSERT INTO t VALUES (\(id))") }
        let stream = try fixture.stream()
        var first: SourceTransaction?
        try stream.run { event in
            guard case .transaction(let transaction) = event, first == nil else { return }
            first = transaction
            stream.reportFlushed(transaction.position)
            stream.stop()
        }
        let position = try #require(first?.position)
        // The server reads the last status before it sees the end of the connection.
        try fixture.waitUntilFree()
        let status = try #require(try fixture.slot.status(fixture.connection))
        #expect(status.confirmedFlush == LSN(position.rawValue + 1))
        let rest = try fixture.transactions(startAt: .zero)
        #expect(rest.flatMap(\.events).compactMap { $0.change?.new } == [[.text("2")]])
    }

    @Test func theFrontierPassesTransactionsThatAreNotOurs() throws {
        let fixture = try StreamFixture("CREATE TABLE t (id int PRIMARY KEY)")
        let stream = try fixture.stream()
        let elsewhere = try TestDatabase("CREATE TABLE u (id int)")
        let goal = try #require(
            try elsewhere.connect().query("INSERT INTO u VALUES (1) RETURNING pg_current_wal_insert_lsn()")
                .value)
        let target = try #require(LSN(goal))
        stream.requestKeepalive()
        var frontiers: [LSN] = []
        try stream.run { event in
            guard case .frontier(let frontier) = event else { return }
            frontiers.append(frontier)
            if frontier >= target { stream.stop() } else { stream.requestKeepalive() }
        }
        #expect(frontiers == frontiers.sorted())
        #expect(Set(frontiers).count == frontiers.count)
    }

    @Test func stopsAnIdleStreamFromAnotherThread() throws {
        let fixture = try StreamFixture("CREATE TABLE t (id int PRIMARY KEY)")
        let stream = try fixture.stream()
        let runner = TestThread { try stream.run { _ in } }
        let query =
            "SELECT count(*) FROM pg_stat_replication WHERE application_name = 'satchel stream' AND pid = "
            + "(SELECT active_pid FROM pg_replication_slots WHERE slot_name = $1)"
        while try fixture.connection.query(query, [fixture.slot.name]).value == "0" {}
        stream.stop()
        try runner.join()
        try stream.run { _ in Issue.record("a stopped stream runs") }
    }

    @Test func errorsOfTheReceiverAreThatOfTheRun() throws {
        let fixture = try StreamFixture("CREATE TABLE t (id int PRIMARY KEY)")
        try fixture.connection.execute("INSERT INTO t VALUES (1)")
        struct Stop: Error {}
        let stream = try fixture.stream()
        #expect(throws: Stop.self) { try stream.run { _ in throw Stop() } }
    }

    @Test func saysWhenTheSlotIsTakenOrMissing() throws {
        let fixture = try StreamFixture("CREATE TABLE t (id int PRIMARY KEY)")
        let holder = try fixture.stream()
        let runner = TestThread { try holder.run { _ in } }
        while try fixture.slot.status(fixture.connection)?.isActive != true {}
        let taken = #expect(throws: PostgresError.self) { try fixture.stream().run { _ in } }
        #expect(taken?.code == .objectInUse)
        #expect(taken?.isRetryable == true)
        #expect(try fixture.slot.release(fixture.connection))
        let ended = #expect(throws: PostgresError.self) { try runner.join() }
        #expect(ended?.isConnectionLost == true)
        try fixture.slot.drop(fixture.connection)
        #expect(try fixture.slot.status(fixture.connection) == nil)
        try fixture.slot.drop(fixture.connection)
        let missing = #expect(throws: PostgresError.self) { try fixture.stream().run { _ in } }
        #expect(missing?.code == .undefinedObject)
        #expect(missing?.isRetryable == false)
    }
}
