import SeededRandom
import SyncModel

/// The table that expressions are evaluated on, here and in PostgreSQL: two columns of every type, so that columns
/// meet columns.
enum OracleTable {
    static let moods = ["sad", "ok", "happy", "Zen"]

    struct Kind {
        let type: String
        /// As `CREATE TABLE` takes it.
        let declaration: String
        /// Inputs that PostgreSQL takes for the type.
        let values: [String]

        init(_ type: String, _ declaration: String?, _ values: [String]) {
            self.type = type
            self.declaration = declaration ?? type
            self.values = values
        }
    }

    static let kinds: [Kind] = numbers + texts + times + documents + arrays

    private static let numbers = [
        Kind("bool", nil, ["t", "f", "true", "FALSE", " yes ", "0", "on", "of"]),
        Kind("int2", nil, ["0", "1", "-1", "2", "7", "32767", "-32768"]),
        Kind("int4", nil, ["0", "1", "-1", "2", "7", "32767", "2147483647", "-2147483648", "16777217"]),
        Kind(
            "int8", nil, ["0", "1", "-1", "2", "7", "9007199254740993", "9223372036854775807", "-9223372036854775808"]),
        Kind(
            "float4", nil,
            ["0", "-0", "1", "1.1", "0.1", "-1", "NaN", "Infinity", "-Infinity", "16777216", "1e30", "7", "1e-30"]),
        Kind(
            "float8", nil,
            [
                "0", "-0", "1", "1.1", "0.1", "-1", "NaN", "inf", "-inf", "9007199254740992", "1e300", "7", ".5e1",
                "2.5", "1e-300", "123456789.123456789", "1e15", "0.0001", "0.00001",
            ]),
        Kind(
            "numeric", nil,
            [
                "0", "1", "1.0", "1.10", "0.1", "-1", "NaN", "Infinity", "-Infinity", "9007199254740993", "7.000",
                "1e20",
                "123456789012345678901234567890.5", "-0.000", "2147483647.5", "0.00012345", "-10000.0001", "2.5",
                "-2.5",
                "99999999", "10000", "3",
            ]),
    ]

    private static let texts = [
        Kind(
            "text", nil,
            [
                "", "a", "A", "ab", "aB", "abc", "a%c", "a_c", "a\\c", "é", "e\u{301}", "É", "straße", "ß", "日本",
                "😀a", "a ", " a b ", "1", "t", "2026-02-03", "ÀB", "'q'", "a1b2\nc3", "[x]", "happy", "12.5", "{1,2}",
            ]),
        Kind("varchar", nil, ["", "a", "A", "ab", "abc", "a ", "ab  ", "É", "1"]),
        Kind("bpchar", "char(5)", ["", "a", "a  ", "ab", "É", "abcde"]),
        Kind(
            "uuid", nil,
            [
                "00000000-0000-0000-0000-000000000001", "11111111-2222-3333-4444-555555555555",
                "{AAAAAAAA-bbbb-CCCC-dddd-EEEEEEEEEEEE}", "aaaaaaaabbbbccccddddeeeeeeeeeeee",
                "ffff-ffff-ffff-ffff-ffff-ffff-ffff-ffff",
            ]),
        Kind("bytea", nil, ["", "\\x00", "\\xdeadBEEF", "abc", "a\\\\b", "\\001x", "\\x6162"]),
        Kind("mood", nil, moods),
    ]

    private static let times = [
        Kind(
            "date", nil,
            [
                "2026-02-03", "1970-01-01", "0044-03-15 BC", "infinity", "-infinity", "epoch", "5874897-12-31",
                "2000-02-29", "2024-12-30", "2021-01-03", "0001-01-01", "4714-11-24 BC",
            ]),
        Kind("time", nil, ["00:00", "04:05:06.789", "23:59:59.999999", "24:00", "12:00:00"]),
        Kind(
            "timestamp", nil,
            [
                "2026-02-03 00:00:00", "2026-02-03 04:05:06.123456", "2026-02-03T04:05", "1970-01-01",
                "0044-03-15 01:02:03 BC", "infinity", "-infinity", "294276-12-31 23:59:59.999999",
                "2026-02-03 04:05:06+05", "2000-02-29 24:00:00", "2026-01-31 10:00", "1999-12-31 23:59:59.5",
            ]),
        Kind(
            "timestamptz", nil,
            [
                "2026-02-03 00:00:00", "2026-02-03 04:05:06.123456Z", "2026-02-03T04:05+05:30", "1970-01-01 00:00-08",
                "0044-03-15 01:02:03 BC", "infinity", "-infinity", "2026-02-03 04:05:06.9999999",
                "2026-02-02 16:00:00-0800", "2024-02-29 12:30",
            ]),
        Kind(
            "interval", nil,
            [
                "0", "1 day", "24:00:00", "1 month", "30 days", "-1 month +3 days", "P1Y2M3DT4H5M6.7S", "1.5 days",
                "1 year 2 mons", "-04:05:06.789", "3 4:05:06", "1-2", "2 weeks ago", "100 years", "0.5 months",
                "1 hour 30 minutes", "90 minutes", "PT36H",
            ]),
    ]

    private static let documents = [
        Kind(
            "jsonb", nil,
            [
                "{}", "[]", "null", "1", "1.0", "\"a\"", "true", "{\"a\": 1}",
                "{\"a\": {\"b\": [1, 2, {\"c\": null}]}}",
                "[1, 2, 3]", "[1, \"a\", null, true]", "{\"b\": 2, \"a\": \"x\"}", "{\"aa\": 1, \"b\": 2}",
                "[[1, 2], [3]]",
                "{\"a\": \"é\\n\\\"q\\\"\"}", "[\"a\", \"b\"]", "12345678901234567890.10", "{\"a\": 1, \"a\": 2}", "[]",
                "{\"a\": []}", "\"\"",
            ]),
        Kind(
            "json", nil,
            [
                "{}", "[]", "null", "1", "\"a\"", "{\"a\" : 1}", "{\"a\": {\"b\": [1, 2]}}", "[1, \"a\", null]",
                "{\"a\": 1, \"a\": \"two\"}", " [1,2] ", "\"\\u00e9\"",
            ]),
    ]

    private static let arrays = [
        Kind(
            "int4[]", nil,
            ["{}", "{1,2,3}", "{1}", "{NULL}", "{1,NULL,2}", "{{1,2},{3,4}}", "[0:1]={7,8}", "{3,2,1}", "{7}"]),
        Kind(
            "text[]", nil,
            ["{}", "{a,b}", "{\"a b\",NULL,\"NULL\"}", "{\"\"}", "{a}", "{b}", "{1}", "{\"x,y\",\"q\\\"\"}"]),
        Kind("numeric[]", nil, ["{}", "{1.0,2.50}", "{1}", "{NaN,NULL}", "{7}"]),
        Kind("mood[]", nil, ["{}", "{sad,ok}", "{Zen,NULL}"]),
        Kind("date[]", nil, ["{}", "{2026-02-03,NULL}", "{infinity}"]),
    ]

    static func values(_ type: String) -> [String] { kinds.first { $0.type == type }?.values ?? [] }

    private static func prefix(_ type: String) -> String {
        type.hasSuffix("[]") ? type.dropLast(2) + "_array" : type
    }

    static func column(_ type: String, _ which: String) -> String { "\(prefix(type))_\(which)" }

    static let schema = TableSchema(
        name: TableName(name: "t"),
        columns: [Column("id", number: 1, type: ColumnType("int4"), isNotNull: true)]
            + kinds.flatMap { kind in ["a", "b"].map { (kind, $0) } }.enumerated().map { index, entry in
                let (kind, which) = entry
                let isArray = kind.type.hasSuffix("[]")
                let element = isArray ? String(kind.type.dropLast(2)) : kind.type
                return Column(
                    column(kind.type, which), number: index + 2,
                    type: ColumnType(element, dimensions: isArray ? 1 : 0, labels: element == "mood" ? moods : []))
            },
        primaryKey: ["id"])

    static var creation: String {
        let columns = kinds.flatMap { kind in
            ["a", "b"].map { "\(column(kind.type, $0)) \(kind.declaration)" }
        }
        return """
            CREATE TYPE mood AS ENUM (\(moods.map { quoted($0) }.joined(separator: ", ")));
            CREATE TABLE t (id int4 PRIMARY KEY, \(columns.joined(separator: ", ")));
            """
    }

    static func insertion(id: Int, _ random: inout SeededGenerator) -> String {
        let values = kinds.flatMap { kind in
            (0..<2).map { _ in random.once(in: 6) ? "NULL" : quoted(random.pick(kind.values)) }
        }
        return "INSERT INTO t VALUES (\(id), \(values.joined(separator: ", ")));\n"
    }
}

/// `'…'` for SQL.
func quoted(_ text: String) -> String {
    "'" + text.unicodeScalars.map { $0 == "'" ? "''" : String($0) }.joined() + "'"
}
