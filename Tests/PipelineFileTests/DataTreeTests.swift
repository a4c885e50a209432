import PipelineFiles
import SeededRandom
import SyncModel
import Testing

@Suite struct DataTreeTests {
    @Test(arguments: [
        ("1", "1"), ("\"1\"", "\"1\""), ("1.0", "1.0"), ("1.50", "1.5"), ("true", "true"), ("yes", "true"),
        ("no", "false"), ("~", "null"), ("", "null"), ("'no'", "\"no\""), ("-0", "0"), ("-0.0", "0.0"),
        ("+12", "12"), ("1_000", "1000"), ("0x1F", "31"), ("0xFFFFFFFFFFFFFFFFFF", "4722366482869645213695"),
        ("0o17", "15"), ("017", "15"), ("08", "\"08\""), ("0b101", "5"), ("-0x10", "-16"), ("1e3", "1000.0"),
        ("1.5e-3", "0.0015"), ("12345678901234567890123", "12345678901234567890123"), (".5", "0.5"),
        ("5.", "5.0"),
        ("0.1000", "0.1"), ("12:30", "\"12:30\""), ("2024-01-31", "\"2024-01-31\""), ("1.2.3", "\"1.2.3\""),
        ("1e", "\"1e\""), ("--1", "\"--1\""), (".", "\".\""), ("...", "null"), ("e5", "\"e5\""),
        ("-", "\"-\""),
        ("!!str 5", "\"5\""), ("!!float 5.0", "5.0"), ("=", "\"=\""), ("|\n  a\n  b\n", "\"a\\nb\\n\""),
        (">-\n  a\n  b\n", "\"a b\""), ("\"\\u00e9\\t\"", "\"é\\t\""), ("1e-400", "0.0"), ("0e9", "0.0"),
    ])
    func readsScalarsAsTheyAreMeant(yaml: String, json: String) throws {
        let value = yaml == "-" || yaml == "..." ? "x: \(yaml == "-" ? "'-'" : "")" : "x: \(yaml)"
        #expect(try DataTree(yaml: value)["x"]?.json == json)
    }

    @Test(arguments: [".inf", "-.INF", ".nan", "!!int x", "!!binary YQ==", "? [a]\n: b", "1e999"])
    func refusesWhatJSONCannotHold(yaml: String) throws {
        if yaml == "1e999" {
            // Beyond a double: text to every reader that does not make it infinite.
            #expect(try DataTree(yaml: yaml) == "1e999")
        } else {
            #expect(throws: PipelineFileError.self) { try DataTree(yaml: yaml) }
        }
    }

    @Test func mergesWithOwnMembersFirst() throws {
        let tree = try DataTree(
            yaml: """
                a: &a {x: 1, y: 1}
                b: &b {x: 2, z: 2}
                c: {y: 3, <<: [*a, *b]}
                """)
        #expect(tree["c"] == ["x": 1, "y": 3, "z": 2])
    }

    @Test(arguments: [
        "", "{", "[1,]", "{\"a\":1,}", "{\"a\" 1}", "\"a", "\"\\x\"", "\"\\u12\"", "\"\\ud800\"", "01x", "+1",
        "tru",
        "1 2", "[", "{\"a\":", "\"\\", "\u{0}", "nul", "-",
    ])
    func refusesBrokenJSON(text: String) {
        #expect(throws: PipelineFileError.self) { try DataTree(json: text) }
    }

    @Test func readsEscapesAndSurrogatePairs() throws {
        #expect(try DataTree(json: #""a\u0041\n\ud83d\ude00\/""#) == "aA\n😀/")
    }

    @Test func tellsTextsApartByTheirBytes() {
        #expect(DataTree.text("\u{e9}") != DataTree.text("e\u{301}"))
    }

    /// YAML and JSON each read back what they wrote, for any data.
    @Test func surviveBothFormats() throws {
        var random = SeededGenerator(seed: 20_251)
        var counts = (texts: 0, numbers: 0, containers: 0)
        for round in 0..<2_000 {
            let tree = DataTree.map(["x": RandomTree.make(depth: 4, counts: &counts, using: &random)])
            #expect(try DataTree(json: tree.json) == tree, "seed 20251, round \(round)")
            let yaml = try tree.yaml()
            #expect(try DataTree(yaml: yaml) == tree, "seed 20251, round \(round): \(yaml)")
        }
        print("seed 20251: \(counts)")
        #expect(counts.texts > 0 && counts.numbers > 0 && counts.containers > 0)
    }
}

enum RandomTree {
    /// Pieces that writers of YAML get wrong.
    private static let pieces = [
        "a", "1", "0x1", " ", "\n", "\t", ":", "- ", "#", "'", "\"", "\\", "{", "}", "[", "|", ">", "&", "*",
        "!",
        "%", "@", "`", "yes", "null", "~", "é", "e\u{301}", "😀", "\u{1}", "\u{7f}", "\u{85}", "\u{2028}",
        "a\u{feff}",
        "\r", ",", "?", "=", "<<", "---", "...", "1e5", ".5", "2024-01-01", "12:30",
    ]
    private static let numbers = [
        "0", "-1", "1.0", "-0.25", "123456789012345678901234567890", "1e-7", "1.7976931348623157e308", "0.1",
    ]

    static func make(
        depth: Int, counts: inout (texts: Int, numbers: Int, containers: Int),
        using random: inout SeededGenerator
    ) -> DataTree {
        switch Int.random(in: 0..<(depth > 0 ? 8 : 5), using: &random) {
        case 0: return .null
        case 1: return .bool(Bool.random(using: &random))
        case 2:
            counts.numbers += 1
            let text = numbers.randomElement(using: &random) ?? "0"
            return DataNumber(decimal: text).map(DataTree.number) ?? .null
        case 3, 4:
            counts.texts += 1
            return .text(text(using: &random))
        case 5:
            counts.containers += 1
            let count = Int.random(in: 0..<4, using: &random)
            return .list((0..<count).map { _ in make(depth: depth - 1, counts: &counts, using: &random) })
        default:
            counts.containers += 1
            var members: [Text: DataTree] = [:]
            for _ in 0..<Int.random(in: 0..<4, using: &random) {
                members[text(using: &random)] = make(depth: depth - 1, counts: &counts, using: &random)
            }
            return .map(members)
        }
    }

    private static func text(using random: inout SeededGenerator) -> Text {
        let count = Int.random(in: 0..<6, using: &random)
        return Text((0..<count).map { _ in pieces.randomElement(using: &random) ?? "" }.joined())
    }
}
