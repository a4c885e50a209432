import JSONText
import SeededRandom
import Testing

@Suite struct JSONFuzzTests {
    private static let pieces: [String] = [
        "\"", "\\", "\\u", "\\ud83d", "\\ude00", "\\u0000", "{", "}", "[", "]", ":", ",", "-", "+", ".", "e",
        "E", "0",
        "1",
        "9223372036854775807", "9223372036854775808", "18446744073709551616", "-9223372036854775809", "1e308",
        "1e309",
        "true", "false", "null", " ", "\n", "\t", "\u{0}", "\u{1f}", "é", "😀", "\u{feff}", "\"\":", "[]",
        "{}", "00",
        "123456789012345678901234567890", "5e-324", "1e-400",
    ]

    private static let strayBytes: [UInt8] = [
        0x80, 0xbf, 0xc0, 0xc2, 0xe0, 0xed, 0xa0, 0xf0, 0xf4, 0xf8, 0xff, 0x00, 0x7f,
    ]

    private func randomValue(depth: Int, using random: inout SeededGenerator) -> JSON {
        switch Int.random(in: 0..<(depth > 4 ? 6 : 9), using: &random) {
        case 0: return .null
        case 1: return .bool(.random(using: &random))
        case 2:
            return .int(Int64(truncatingIfNeeded: random.next()) >> Int64.random(in: 0..<63, using: &random))
        case 3:
            let value = Double(bitPattern: random.next())
            return value.isFinite ? .double(value) : .null
        case 4, 5: return .string(randomString(using: &random))
        case 6:
            return .array(
                (0..<Int.random(in: 0..<5, using: &random)).map { _ in
                    randomValue(depth: depth + 1, using: &random)
                })
        default:
            return .object(
                JSONObject(
                    (0..<Int.random(in: 0..<20, using: &random)).map { _ in
                        (randomString(using: &random), randomValue(depth: depth + 2, using: &random))
                    }))
        }
    }

    private func randomString(using random: inout SeededGenerator) -> String {
        var text = ""
        for _ in 0..<Int.random(in: 0..<6, using: &random) {
            if Bool.random(using: &random) {
                text += Self.pieces.randomElement(using: &random) ?? ""
            } else if let scalar = UnicodeScalar(UInt32.random(in: 0..<0x3000, using: &random)) {
                text.unicodeScalars.append(scalar)
            }
        }
        return text
    }

    private func mutate(_ bytes: inout [UInt8], using random: inout SeededGenerator) {
        let place = Int.random(in: 0...bytes.count, using: &random)
        switch Int.random(in: 0..<5, using: &random) {
        case 0 where !bytes.isEmpty: bytes.remove(at: min(place, bytes.count - 1))
        case 1: bytes.insert(Self.strayBytes.randomElement(using: &random) ?? 0, at: place)
        case 2 where !bytes.isEmpty:
            bytes[min(place, bytes.count - 1)] = UInt8.random(in: 0...255, using: &random)
        case 3: bytes.removeSubrange(place...)
        default: bytes.insert(contentsOf: (Self.pieces.randomElement(using: &random) ?? "").utf8, at: place)
        }
    }

    @Test(arguments: [1, 2, 3] as [UInt64])
    func whatIsWrittenReadsBackTheSame(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        var bytes = 0
        for _ in 0..<2_000 {
            let value = randomValue(depth: 0, using: &random)
            let written = value.serialized()
            bytes += written.count
            #expect(StrictJSON.accepts(written), "seed \(seed): \(value)")
            #expect(try JSON(parsing: written) == value, "seed \(seed): \(value)")
        }
        print("seed \(seed): 2000 values written and read, \(bytes) bytes")
        #expect(bytes > 2_000)
    }

    @Test(arguments: [11, 12, 13] as [UInt64])
    func acceptsExactlyWhatTheGrammarAllows(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        var accepted = 0
        var refused: [JSONError.Code: Int] = [:]
        for _ in 0..<6_000 {
            var bytes = randomValue(depth: 1, using: &random).serialized()
            for _ in 0..<Int.random(in: 1...3, using: &random) { mutate(&bytes, using: &random) }
            let expected = StrictJSON.accepts(bytes)
            do throws(JSONError) {
                let value = try JSON(parsing: bytes)
                accepted += 1
                #expect(expected, "seed \(seed) accepted \(String(decoding: bytes, as: UTF8.self)) \(bytes)")
                #expect((try? JSON(parsing: value.serialized())) == value, "seed \(seed): \(value)")
            } catch {
                refused[error.code, default: 0] += 1
                #expect(
                    !expected,
                    "seed \(seed) refused \(String(decoding: bytes, as: UTF8.self)) \(bytes): \(error)")
            }
        }
        let counts = refused.map { "\($0.key) \($0.value)" }.sorted().joined(separator: ", ")
        print("seed \(seed): accepted \(accepted), refused \(counts)")
        #expect(accepted > 100)
        for code in [JSONError.Code.syntax, .invalidUTF8, .invalidString, .invalidNumber] {
            #expect(refused[code, default: 0] > 0, "seed \(seed) never refused with \(code)")
        }
    }
}
