import JSONText
import Testing

@Suite struct JSONTests {
    private func error(_ text: String) -> JSONError.Code? { error(Array(text.utf8)) }

    private func error(_ bytes: [UInt8], limits: JSONLimits = .standard) -> JSONError.Code? {
        do throws(JSONError) {
            _ = try JSON(parsing: bytes, limits: limits)
            return nil
        } catch {
            return error.code
        }
    }

    @Test func readsEveryKindOfValue() throws {
        let json = try JSON(
            parsing: #" {"a": [1, -2, 2.5, true, false, null], "b": {"c": "d\n\u00e9\ud83d\ude00"}} "#)
        #expect(json == ["a": [1, -2, 2.5, true, false, nil], "b": ["c": "d\né😀"]])
        #expect(json["a"]?[2]?.double == 2.5)
        #expect(json["a"]?[0]?.double == 1)
        #expect(json["a"]?[9] == nil)
        #expect(json["b"]?["x"] == nil)
        #expect(json["b"]?["c"]?.string == "d\né😀")
    }

    @Test func readsScalarsAtTheTop() throws {
        #expect(try JSON(parsing: "1") == 1)
        #expect(try JSON(parsing: " null ").isNull)
        #expect(try JSON(parsing: "\"\"") == "")
    }

    @Test(arguments: [
        ("9223372036854775807", JSON.int(.max)), ("-9223372036854775808", .int(.min)),
        ("9223372036854775808", .double(9_223_372_036_854_775_808)),
        ("18446744073709551615", .double(18_446_744_073_709_551_616)),
        ("18446744073709551616", .double(18_446_744_073_709_551_616)),
        ("-9223372036854775809", .double(-9_223_372_036_854_775_808)),
        ("123456789012345678901234567890", .double(1.2345678901234568e29)),
        ("1.5e300", .double(1.5e300)), ("1E2", .double(100)), ("-0", .int(0)),
    ])
    func readsNumbers(text: String, value: JSON) throws {
        #expect(try JSON(parsing: text) == value)
        #expect(
            try JSON(parsing: "{\"a\\\"12345678901234567890\": [\(text), 12345678901234567890123]}")[
                "a\"12345678901234567890"]?[0] == value)
    }

    @Test(arguments: [
        "01", "-", "+1", ".5", "1.", "1e", "1e+", "0x1", "1e400", "012345678901234567890123",
        "-012345678901234567890",
        "1e012345678901234567890123", "Infinity", "NaN", "--1", "1.2.3", "123456789012345678901234567890.",
        "[1 2]",
    ])
    func refusesWrongNumbers(text: String) {
        #expect(error(text) != nil)
        #expect(error("[\(text)]") != nil)
    }

    @Test(arguments: [
        "", "  ", "{", "}", "[", "[1,]", "[,1]", "{\"a\"}", "{\"a\":}", "{\"a\":1,}", "{a:1}", "{'a':1}",
        "nul",
        "truee",
        "1 2", "{} {}", "[1]]", "\"", "\"\\\"", "\"\\x\"", "\"\\u12\"", "\"\\u12g4\"", "\"a\nb\"",
        "\"\u{0}\"",
        "// c\n1", "\u{feff}1", "[\"a\" \"b\"]", "{\"a\":1 \"b\":2}", "{1:2}", "\u{0}", "[1]\u{0}",
    ])
    func refusesWhatIsNoJSON(text: String) {
        #expect(error(text) != nil)
    }

    @Test(arguments: [
        #""\ud800""#, #""\udc00""#, #""a\ud83d b""#, #""\ud83d\ud83d""#, #""\ude00\ud83d""#,
        #"{"\udc00": 1}"#,
        #"["\\", "\udfff"]"#, #""\ud800\u0041""#, #""\uDC00""#,
    ])
    func refusesLoneSurrogates(text: String) {
        #expect(error(text) == .invalidString)
    }

    @Test func keepsEscapedBackslashesBeforeWhatLooksLikeASurrogate() throws {
        #expect(try JSON(parsing: #""\\ud800""#) == #"\ud800"#)
        #expect(try JSON(parsing: "\"\\ud83d\\ude00\u{d7ff}\u{e000}\"") == "😀\u{d7ff}\u{e000}")
    }

    @Test(
        arguments: [
            [0xff], [0xc0, 0x80], [0xed, 0xa0, 0x80], [0xf4, 0x90, 0x80, 0x80], [0xe2, 0x82], [0x80],
        ]
            as [[UInt8]])
    func refusesWrongUTF8(bytes: [UInt8]) {
        #expect(error([0x22] + bytes + [0x22]) == .invalidUTF8)
    }

    @Test func lastOfDuplicateKeysWins() throws {
        let json = try JSON(parsing: #"{"a": 1, "b": 2, "a": 3}"#)
        #expect(json.object?.keys == ["a", "b"])
        #expect(json["a"] == 3)
        let many = "{" + (0..<100).map { "\"k\($0 % 40)\": \($0)" }.joined(separator: ",") + "}"
        let object = try #require(try JSON(parsing: many).object)
        #expect(object.count == 40)
        #expect(object["k0"] == 80)
        #expect(object["k39"] == 79)
        #expect(object.keys.first == "k0")
    }

    @Test func keysAndStringsAreEqualByTheirBytes() throws {
        let composed = "\u{e9}"
        let decomposed = "e\u{301}"
        #expect(JSON.string(composed) != JSON.string(decomposed))
        let object: JSONObject = [composed: 1, decomposed: 2]
        #expect(object.count == 2)
        #expect(object[decomposed] == 2)
    }

    @Test func equalityIgnoresTheOrderOfMembers() {
        let left: JSON = ["a": 1, "b": [2], "c": nil]
        let right: JSON = ["c": nil, "b": [2], "a": 1]
        #expect(left == right)
        #expect(left.hashValue == right.hashValue)
        #expect(left != ["a": 1, "b": [2], "d": nil])
        #expect(left != ["a": 1, "b": [2]])
    }

    @Test func refusesWhatIsDeeperOrLongerThanTheLimits() {
        let limits = JSONLimits(maxDepth: 3, maxBytes: 20)
        #expect(error(Array("[[[1]]]".utf8), limits: limits) == nil)
        #expect(error(Array("[[{}]]".utf8), limits: limits) == nil)
        #expect(error(Array("[[[[]]]]".utf8), limits: limits) == .tooDeep)
        #expect(error(Array(repeating: 0x20, count: 21), limits: limits) == .tooLarge)
        for depth in [128, 129, 1_000, 1_024, 100_000] {
            let text = String(repeating: "[", count: depth) + String(repeating: "]", count: depth)
            #expect(error(text) == (depth <= 128 ? nil : .tooDeep), "depth \(depth)")
        }
        #expect(error(String(repeating: "[", count: 1_000_000)) != nil)
        #expect(error(String(repeating: "{\"a\":", count: 1_000_000)) != nil)
    }

    @Test func readsLongDocumentsAndShortOnesAfterwards() throws {
        let long =
            "["
            + Array(repeating: "\"\(String(repeating: "x", count: 100))\"", count: 20_000).joined(
                separator: ",")
            + "]"
        for _ in 0..<3 {
            #expect(try JSON(parsing: long).array?.count == 20_000)
            #expect(try JSON(parsing: "[1]") == [1])
        }
    }
}
