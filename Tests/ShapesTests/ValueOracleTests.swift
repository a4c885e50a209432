import Postgres
import PostgresTesting
import SyncModel
import Testing

@testable import Shapes

/// Reading and writing of single values against PostgreSQL.
struct ValueOracleTests {
    @Test func readsWritesAndFoldsValuesAsPostgreSQLDoes() throws {
        let connection = try TestDatabase().connect()
        try checkSyntax(connection)
        try checkCaseMapping(connection)
    }

    private static let types = [
        "bool", "int2", "int4", "int8", "float4", "float8", "numeric", "uuid", "date", "timestamp", "timestamptz",
    ]

    /// Forms that PostgreSQL refuses, or that are easy to get wrong.
    private static let inputs =
        [
            "", " ", "1", " 1 ", "+1", "-1", "--1", "- 1", "1 2", "0x10", "1e3", "1e", "1e+", "e1", ".", ".5", "5.",
            "1_000", "1.5", "NaN",
            "nan", "-NaN", "+NaN", "inf", "-inf", "+Infinity", "infinit", "1e-400", "1e400", "-0", "00012", "32768",
            "-32768",
            "2147483648", "9223372036854775808", "-9223372036854775808", "1e-20000", "1e131072", "1e131071", "١", "t",
            "T", "tr", "truex",
            "of", "o", "on", "yes", "n", "{11111111-2222-3333-4444-555555555555}",
            "11111111-2222-3333-4444-55555555555",
            "1111-1111-2222-3333-4444-5555-5555-5555", "11111111--2222-3333-4444-555555555555",
            "-1111111122223333444455555555555",
            "11111111-2222-3333-4444-555555555555-", "2026-02-29", "2024-02-29", "2026-13-01", "2026-1-2",
            "2026-02-03 ",
            "2026-02-03 24:00:00", "2026-02-03 24:00:01", "2026-02-03 23:59:60", "2026-02-03 25:00",
            "2026-02-03 04:05:06.1234567",
            "2026-02-03 04:05:06.9999995", "2026-02-03T04:05:06Z", "2026-02-03 04:05:06+15:59",
            "2026-02-03 04:05:06+16",
            "2026-02-03 04:05:06 +01:30:15", "2026-02-03 04:05:06-0330", "0001-01-01 BC", "0001-01-01", "0000-01-01",
            "4714-11-24 BC",
            "4714-11-23 BC", "4713-01-01 00:00:00 BC", "5874897-12-31", "5874898-01-01", "294276-12-31 23:59:59.999999",
            "294277-01-01 00:00:00", "infinity", "-infinity", "epoch", "12026-02-03 04:05:06+00",
            "2026-02-03 04:05:06+00 BC",
        ]

    private func checkSyntax(_ connection: PostgresConnection) throws {
        try connection.execute(
            """
            CREATE FUNCTION input(value text, type text) RETURNS text LANGUAGE plpgsql AS $$
            DECLARE result text;
            BEGIN
                EXECUTE 'SELECT ' || quote_literal(value) || '::' || type INTO result;
                RETURN result;
            EXCEPTION WHEN OTHERS THEN RETURN NULL;
            END $$;

            """)
        var taken = 0
        var refused = 0
        let list = Self.inputs.map { "('\($0)')" }.joined(separator: ", ")
        for name in Self.types {
            guard let type = SQLType(named: name) else { continue }
            let rows = try connection.query("SELECT input(v, '\(name)') FROM (VALUES \(list)) AS x(v)").rows
            for (input, row) in zip(Self.inputs, rows) {
                let ours = Scalar(parsing: Text(input), as: type)
                if let theirs = row[0] {
                    taken += 1
                    // What we take must be the same value, and what PostgreSQL writes we must read.
                    let output = Scalar(parsing: Text(theirs), as: type)
                    #expect(output != nil, "\(name) \(theirs)")
                    #expect(ours == nil || ours == output, "\(name) '\(input)': \(theirs)")
                    if !["float4", "float8", "numeric", "bool"].contains(name) {
                        #expect(output?.text(as: type).string == theirs, "\(name) '\(input)'")
                    }
                    if ours == nil {
                        #expect(Self.known.contains("\(name) \(input)"), "\(name) '\(input)' is \(theirs)")
                    }
                } else {
                    refused += 1
                    #expect(ours == nil, "\(name) '\(input)' is refused")
                }
            }
        }
        print("\(taken) inputs taken, \(refused) refused")
        #expect(taken > 100 && refused > 200)
    }

    /// Inputs that PostgreSQL takes and conditions do not: see "Differences" in Protocol/shapes.md.
    private static let known: Set<String> = ["float4 0x10", "float8 0x10"]

    private func checkCaseMapping(_ connection: PostgresConnection) throws {
        let rows = try connection.query(
            "SELECT i, lower(chr(i)) FROM generate_series(128, 131071) AS i WHERE i NOT BETWEEN 55296 AND 57343 AND lower(chr(i)) <> chr(i)"
        ).rows
        var theirs: [UInt32: String] = [:]
        for row in rows {
            if let code = row[0].flatMap({ UInt32($0) }), let lower = row[1] { theirs[code] = lower }
        }
        var different: [String] = []
        for code in UInt32(128)...0x1ffff {
            // The C library and Swift know different versions of Unicode.
            guard let scalar = Unicode.Scalar(code), let age = scalar.properties.age, age.major <= 14 else { continue }
            let ours = CaseMapping.lowercased(String(scalar))
            if Text(ours) != Text(theirs[code] ?? String(scalar)) { different.append(String(code, radix: 16)) }
        }
        print("\(theirs.count) characters have a lower case; different: \(different)")
        #expect(theirs.count > 1_000)
        #expect(different.isEmpty)
    }
}
