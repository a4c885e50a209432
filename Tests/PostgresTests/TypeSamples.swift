/// Values of every type that applications use, with the corners that text forms get wrong.
enum TypeSamples {
    struct Sample {
        let type: String
        let values: [String]

        init(_ type: String, _ values: String...) {
            self.type = type
            self.values = values
        }
    }

    static let setup = """
        CREATE TYPE mood AS ENUM ('sad', 'so so', 'it''s "fine"'); CREATE TYPE pair AS (a int, b text);
        CREATE DOMAIN positive AS numeric(10, 2) CHECK (VALUE > 0);
        """

    static let all = [
        Sample("bool", "t", "false"),
        Sample("int2", "-32768", "32767"),
        Sample("int4", "-2147483648", "2147483647"),
        Sample("int8", "-9223372036854775808", "9223372036854775807", "9007199254740993"),
        Sample("float4", "NaN", "-Infinity", "0.1", "-0", "3.4028235e38", "1e-45"),
        Sample("float8", "NaN", "Infinity", "0.1", "-0", "1.7976931348623157e308", "5e-324"),
        Sample("numeric", "NaN", "Infinity", "0.10", "-12345678901234567890.123456789", "1e-20"),
        Sample("numeric(8,3)", "1.5", "-99999.999"),
        Sample("money", "12.34", "-1234567.89"),
        Sample("text", "", "tab\tline\nback\\slash", "e\u{301} é 😀", "\\N", "NULL", "\u{1}"),
        Sample("varchar(5)", "abc", "     "),
        Sample("char(5)", "ab", ""),
        Sample("\"char\"", "x", ""),
        Sample("name", "n"),
        Sample("bytea", "\\x", "\\x00ff5c", "\\\\000"),
        Sample("uuid", "A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11"),
        Sample("date", "2026-02-28", "infinity", "-infinity", "0044-03-15 BC", "5874897-12-31"),
        Sample("time", "00:00:00.000001", "24:00"),
        Sample("timetz", "12:00:00+05:30", "00:00:00-15:59"),
        Sample("timestamp", "2026-02-28 12:34:56.7", "infinity", "0001-01-01 00:00:00 BC"),
        Sample("timestamptz", "2026-02-28 12:34:56.789012+09", "-infinity", "4713-01-01 00:00:00+00 BC"),
        Sample("interval", "1 year 2 mons -3 days 04:05:06.7", "0", "-00:00:00.000001"),
        Sample("json", "{\"b\": 1,  \"a\": [null, 1e400]}", "\"\\u0000\""),
        Sample("jsonb", "{\"b\": 1,  \"a\": [null, 1.10, \"é\"]}", "null"),
        Sample("xml", "<a b=\"c\">é</a>"),
        Sample("int4[]", "{}", "{1,NULL,-3}", "{{1,2},{3,4}}", "[0:1]={5,6}"),
        Sample("text[]", "{\"a,b\",NULL,\"NULL\",\"\",\"q\\\"\\\\\"}"),
        Sample("mood", "sad", "so so", "it's \"fine\""),
        Sample("mood[]", "{sad,\"so so\"}"),
        Sample("pair", "(1,\"a,b\")", "(,)"),
        Sample("positive", "1.5"),
        Sample("int4range", "[1,5)", "empty", "(,7]"),
        Sample("tstzrange", "[\"2026-01-01 00:00:00+00\",)"),
        Sample("int8multirange", "{[1,3),[7,9)}"),
        Sample("inet", "192.168.0.1/24", "::1"),
        Sample("cidr", "10.0.0.0/8"),
        Sample("macaddr", "08:00:2b:01:02:03"),
        Sample("point", "(1.5,-2)"),
        Sample("polygon", "((0,0),(1,1),(1,0))"),
        Sample("bit(3)", "101"),
        Sample("varbit", "", "1"),
        Sample("tsvector", "'a':1 'b''c':2A"),
        Sample("tsquery", "'a' & !'b'"),
        Sample("oid", "4294967295"),
        Sample("regclass", "pg_class"),
        Sample("pg_lsn", "16/B374D848"),
        Sample("xid8", "18446744073709551615"),
        Sample("jsonpath", "$.\"a\"[*]?(@ > 1)"),
    ]
}
