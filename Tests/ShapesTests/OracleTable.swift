import SeededRandom
import SyncModel

/// The table that conditions are evaluated on, here and in PostgreSQL.
enum OracleTable {
    static let moods = ["sad", "ok", "happy", "Zen"]

    static let schema = TableSchema(
        name: TableName(name: "t"),
        columns: kinds.enumerated().map { index, kind in
            Column(
                kind.column, number: index + 1,
                type: ColumnType(kind.type, labels: kind.type == "mood" ? moods : []))
        },
        primaryKey: ["id"])

    struct Kind {
        let column: String
        let type: String
        /// Inputs that PostgreSQL takes for the type.
        let values: [String]
    }

    /// Two columns of most types, so that columns meet columns.
    static let kinds: [Kind] =
        [Kind(column: "id", type: "int4", values: ["1", "7", "48"])]
        + [
            ("bool", ["t", "f", "true", "FALSE", " yes ", "0", "on", "of"]),
            ("int2", ["0", "1", "-1", "2", "7", "32767", "-32768"]),
            ("int4", ["0", "1", "-1", "2", "7", "32767", "2147483647", "-2147483648", "16777217"]),
            ("int8", ["0", "1", "-1", "2", "7", "9007199254740993", "9223372036854775807", "-9223372036854775808"]),
            ("float4", ["0", "-0", "1", "1.1", "0.1", "-1", "NaN", "Infinity", "-Infinity", "16777216", "1e30", "7"]),
            (
                "float8",
                ["0", "-0", "1", "1.1", "0.1", "-1", "NaN", "inf", "-inf", "9007199254740992", "1e300", "7", ".5e1"]
            ),
            (
                "numeric",
                [
                    "0", "1", "1.0", "1.10", "0.1", "-1", "NaN", "Infinity", "-Infinity", "9007199254740993", "7.000",
                    "1e20",
                    "123456789012345678901234567890.5", "-0.000", "2147483647.5",
                ]
            ),
            (
                "text",
                [
                    "", "a", "A", "ab", "aB", "abc", "a%c", "a_c", "a\\c", "é", "e\u{301}", "É", "straße", "ß", "日本",
                    "😀a", "a ",
                    "1", "t", "2026-02-03", "ÀB", "'q'",
                ]
            ),
            ("varchar", ["", "a", "A", "ab", "abc", "a ", "ab  ", "É", "1"]),
            ("bpchar", ["", "a", "a  ", "ab", "É"]),
            (
                "uuid",
                [
                    "00000000-0000-0000-0000-000000000001", "11111111-2222-3333-4444-555555555555",
                    "{AAAAAAAA-bbbb-CCCC-dddd-EEEEEEEEEEEE}", "aaaaaaaabbbbccccddddeeeeeeeeeeee",
                    "ffff-ffff-ffff-ffff-ffff-ffff-ffff-ffff",
                ]
            ),
            (
                "date",
                [
                    "2026-02-03", "1970-01-01", "0044-03-15 BC", "infinity", "-infinity", "epoch", "5874897-12-31",
                    "2000-02-29",
                ]
            ),
            (
                "timestamp",
                [
                    "2026-02-03 00:00:00", "2026-02-03 04:05:06.123456", "2026-02-03T04:05", "1970-01-01",
                    "0044-03-15 01:02:03 BC",
                    "infinity", "-infinity", "294276-12-31 23:59:59.999999", "2026-02-03 04:05:06+05",
                    "2000-02-29 24:00:00",
                ]
            ),
            (
                "timestamptz",
                [
                    "2026-02-03 00:00:00", "2026-02-03 04:05:06.123456Z", "2026-02-03T04:05+05:30",
                    "1970-01-01 00:00-08",
                    "0044-03-15 01:02:03 BC", "infinity", "-infinity", "2026-02-03 04:05:06.9999999",
                    "2026-02-02 16:00:00-0800",
                ]
            ),
            ("mood", moods),
        ].flatMap { type, values in
            [
                Kind(column: "\(type)_a", type: type, values: values),
                Kind(column: "\(type)_b", type: type, values: values),
            ]
        }

    static var creation: String {
        let columns = kinds.map { kind in
            "\(kind.column) \(kind.type == "bpchar" ? "char(5)" : kind.type)\(kind.column == "id" ? " PRIMARY KEY" : "")"
        }
        return """
            CREATE TYPE mood AS ENUM (\(moods.map { quoted($0) }.joined(separator: ", ")));
            CREATE TABLE t (\(columns.joined(separator: ", ")));

            """
    }

    static func insertion(id: Int, _ generator: inout SeededGenerator) -> String {
        let values = kinds.dropFirst().map { kind in
            generator.once(in: 6) ? "NULL" : quoted(generator.pick(kind.values))
        }
        return "INSERT INTO t VALUES (\(id), \(values.joined(separator: ", ")));\n"
    }
}
