import PostgresTesting
import SeededRandom
import SyncModel
import Testing

@testable import Postgres

@Suite struct PgOutputDecoderTests {
    private func decode(_ bytes: [UInt8]) throws(PostgresError) -> PgOutputMessage {
        let result = bytes.withUnsafeBytes { bytes in
            Result { () throws(PostgresError) in try PgOutputDecoder.decode(bytes) }
        }
        return try result.get()
    }

    @Test func readsEachKindOfMessage() throws {
        let microseconds = UInt64(1_000_000)
        #expect(
            try decode(Wire("B").uint64(0x10).uint64(microseconds).uint32(7).bytes)
                == .begin(position: LSN(0x10), committedAt: 946_684_801_000_000, xid: 7))
        #expect(
            try decode(Wire("C").uint8(0).uint64(0x10).uint64(0x20).uint64(0).bytes)
                == .commit(position: LSN(0x10), end: LSN(0x20), committedAt: 946_684_800_000_000))
        #expect(try decode(Wire("O").uint64(5).string("n").bytes) == .origin(position: LSN(5), name: "n"))
        #expect(
            try decode(Wire("Y").uint32(9).string("").string("int4").bytes)
                == .type(oid: 9, name: TableName(schema: "pg_catalog", name: "int4")))
        #expect(
            try decode(Wire.relation(oid: 3, columns: ["a", "b"]).bytes)
                == .relation(
                    SourceRelation(
                        oid: 3, table: TableName(name: "t"), columns: ["a", "b"], typeOIDs: [25, 25])))
        #expect(
            try decode(Wire("I").uint32(3).uint8("N").tuple(["x", nil]).bytes)
                == .insert(relation: 3, new: [.text("x"), .null]))
        #expect(
            try decode(Wire("U").uint32(3).uint8("N").tuple(["x"]).bytes)
                == .update(relation: 3, old: nil, new: [.text("x")]))
        for marker: Unicode.Scalar in ["K", "O"] {
            #expect(
                try decode(Wire("U").uint32(3).uint8(marker).tuple([nil]).uint8("N").tuple(["x"]).bytes)
                    == .update(relation: 3, old: [.null], new: [.text("x")]))
            #expect(
                try decode(Wire("D").uint32(3).uint8(marker).tuple(["x"]).bytes)
                    == .delete(relation: 3, old: [.text("x")]))
        }
        #expect(
            try decode(Wire("I").uint32(3).uint8("N").uint16(1).uint8("u").bytes)
                == .insert(relation: 3, new: [.unchanged]))
        #expect(
            try decode(Wire("T").uint32(2).uint8(1).uint32(3).uint32(4).bytes)
                == .truncate(relations: [3, 4]))
        #expect(
            try decode(Wire("M").uint8(1).uint64(6).string("p").uint32(2).raw([104, 105]).bytes)
                == .message(
                    LogicalMessage(isTransactional: true, prefix: "p", content: "hi", position: LSN(6))))
    }

    @Test func refusesWhatIsNoMessage() {
        let wrong: [[UInt8]] = [
            [], [0], Wire("S").uint32(1).bytes, Wire("b").bytes,
            Wire("B").uint64(1).bytes,
            Wire("B").uint64(1).uint64(1).uint32(1).uint8(0).bytes,
            Wire("I").uint32(3).uint8("K").tuple(["x"]).bytes,
            Wire("I").uint32(3).uint8("N").uint16(65_535).bytes,
            Wire("I").uint32(3).uint8("N").uint16(1).uint8("t").uint32(.max).bytes,
            Wire("I").uint32(3).uint8("N").uint16(1).uint8("b").uint32(0).bytes,
            Wire("U").uint32(3).uint8("K").tuple(["x"]).bytes,
            Wire("D").uint32(3).uint8("N").tuple(["x"]).bytes,
            Wire("T").uint32(.max).uint8(0).bytes,
            Wire("M").uint8(0).uint64(1).string("p").uint32(.max).bytes,
            Wire("O").uint64(1).raw([65]).bytes,
        ]
        for bytes in wrong {
            let error = #expect(throws: PostgresError.self) { try decode(bytes) }
            #expect(error?.code == .protocolViolation, "\(bytes)")
        }
    }

    @Test func neverCrashesOnDamagedMessages() {
        let seed: UInt64 = 42
        var generator = SeededGenerator(seed: seed)
        let valid: [[UInt8]] = [
            Wire("B").uint64(1).uint64(2).uint32(3).bytes,
            Wire("C").uint8(0).uint64(1).uint64(2).uint64(3).bytes,
            Wire.relation(oid: 3, columns: ["a", "bb", "ccc"]).bytes,
            Wire("U").uint32(3).uint8("O").tuple(["x", nil]).uint8("N").tuple(["yy", "z"]).bytes,
            Wire("D").uint32(3).uint8("K").tuple(["x"]).bytes, Wire("T").uint32(1).uint8(0).uint32(3).bytes,
            Wire("M").uint8(1).uint64(6).string("p").uint32(2).raw([104, 105]).bytes,
            Wire("Y").uint32(9).string("s").string("n").bytes, Wire("O").uint64(5).string("n").bytes,
        ]
        var (decoded, refused) = (0, 0)
        for _ in 0..<50_000 {
            var bytes = valid.randomElement(using: &generator)!
            for _ in 0..<Int.random(in: 1...3, using: &generator) {
                switch Int.random(in: 0..<3, using: &generator) {
                case 0 where !bytes.isEmpty:
                    bytes.removeLast(Int.random(in: 1...bytes.count, using: &generator))
                case 1: bytes.append(UInt8.random(in: 0...255, using: &generator))
                default:
                    guard !bytes.isEmpty else { continue }
                    bytes[Int.random(in: 0..<bytes.count, using: &generator)] = .random(
                        in: 0...255, using: &generator)
                }
            }
            do throws(PostgresError) {
                _ = try decode(bytes)
                decoded += 1
            } catch {
                #expect(error.code == .protocolViolation)
                refused += 1
            }
        }
        print("damaged messages: seed \(seed), decoded \(decoded), refused \(refused)")
        #expect(decoded > 1000 && refused > 1000)
    }
}
