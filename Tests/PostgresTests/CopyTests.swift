import Postgres
import PostgresTesting
import SeededRandom
import SyncModel
import Testing

@Suite struct CopyTests {
    private func values(_ line: String, _ count: Int) throws -> [Value] {
        var parser = CopyRowParser(columnCount: count)
        return try Array(line.utf8).withUnsafeBytes { try parser.values($0) }
    }

    @Test func splitsAndUnescapes() throws {
        #expect(try values("", 0) == [])
        #expect(try values("", 1) == [""])
        #expect(try values("\t", 2) == ["", ""])
        #expect(try values("a\t\\N\tb", 3) == ["a", .null, "b"])
        #expect(try values("\\\\N\t\\b\\f\\n\\r\\t\\v\\\\", 2) == ["\\N", "\u{8}\u{c}\n\r\t\u{b}\\"])
        #expect(try values("\\101\\x41\\x4a5\\q\\60z", 1) == ["AAJ5q0z"])
    }

    @Test func neverCrashes() throws {
        let seed: UInt64 = 11
        var generator = SeededGenerator(seed: seed)
        let alphabet = Array("\\\\\\\t\tNx07afn\n".utf8) + [0, 255]
        var (parsed, refused) = (0, 0)
        for _ in 0..<20_000 {
            let line = (0..<Int.random(in: 0...12, using: &generator)).map { _ in
                alphabet.randomElement(using: &generator)!
            }
            var parser = CopyRowParser(columnCount: 2)
            do {
                #expect(try line.withUnsafeBytes { try parser.values($0) }.count == 2)
                parsed += 1
            } catch { refused += 1 }
        }
        print("copy lines: seed \(seed), parsed \(parsed), refused \(refused)")
        #expect(parsed > 100 && refused > 100)
    }

    @Test func randomTextComesThroughCopyUnchanged() throws {
        let seed: UInt64 = 5
        var generator = SeededGenerator(seed: seed)
        let connection = try TestDatabase("CREATE TABLE t (id int PRIMARY KEY, a text, b text)").connect()
        let scalars = Array("ab\\\t\n\r\u{8}\u{c}\u{b}N.'\"\u{301}é😀\u{7f}\u{1}".unicodeScalars)
        var expected: [[Value]] = []
        for id in 0..<300 {
            let texts = (0..<2).map { _ -> String? in
                if Int.random(in: 0..<8, using: &generator) == 0 { return nil }
                var text = String.UnicodeScalarView()
                for _ in 0..<Int.random(in: 0...9, using: &generator) {
                    text.append(scalars.randomElement(using: &generator)!)
                }
                return String(text)
            }
            try connection.query("INSERT INTO t VALUES ($1, $2, $3)", [String(id), texts[0], texts[1]])
            expected.append([Value(String(id)), Value(texts[0]), Value(texts[1])])
        }
        var parser = CopyRowParser(columnCount: 3)
        var found: [[Value]] = []
        try connection.copyOut("COPY (SELECT * FROM t ORDER BY id) TO STDOUT") {
            found.append(try parser.values($0))
        }
        print("copy: seed \(seed), rows \(found.count), nulls \(found.joined().count { $0 == .null })")
        #expect(found == expected)
        #expect(found.joined().contains(.null))
    }

    @Test func aCopyThatIsBrokenOffLeavesTheConnectionUsable() throws {
        let connection = try TestDatabase().connect()
        struct Stop: Error {}
        var count = 0
        #expect(throws: Stop.self) {
            try connection.copyOut("COPY (SELECT generate_series(1, 10000000)) TO STDOUT") { _ in
                count += 1
                if count == 3 { throw Stop() }
            }
        }
        #expect(count == 3)
        #expect(try connection.query("SELECT 1").value == "1")
        let late = #expect(throws: PostgresError.self) {
            try connection.copyOut("COPY (SELECT 1 / (3 - n) FROM generate_series(1, 5) n) TO STDOUT") { _ in
            }
        }
        #expect(late?.code.rawValue == "22012")
        for statement in ["SELECT 1", "COPY (SELECT", "COPY pg_class FROM STDIN"] {
            #expect(throws: PostgresError.self) { try connection.copyOut(statement) { _ in } }
            #expect(try connection.query("SELECT 1").value == "1")
        }
    }
}
