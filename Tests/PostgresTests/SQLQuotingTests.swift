import Postgres
import PostgresTesting
import SyncModel
import Testing

@Suite struct SQLQuotingTests {
    private static let texts = [
        "", "plain", "it's", "a\"b", "\\", "\\'", "'; DROP TABLE t; --", "\"; --", "é", "'\u{301}",
        "\"\u{301}", "$1",
        "line\nfeed\r\t", "😀",
    ]

    @Test(arguments: [true, false]) func literalsReadBackAsTheyWere(isStandard: Bool) throws {
        let connection = try TestDatabase().connect()
        try connection.execute("SET standard_conforming_strings = \(isStandard ? "on" : "off")")
        for text in Self.texts {
            let result = try connection.query("SELECT \(PostgresConnection.quoteLiteral(text))")
            #expect(result.value.map { Text($0) } == Text(text))
        }
    }

    @Test func identifiersReadBackAsTheyWere() throws {
        let connection = try TestDatabase().connect()
        for text in Self.texts where !text.isEmpty {
            let result = try connection.query("SELECT 1 AS \(PostgresConnection.quoteIdentifier(text))")
            #expect(result.columnNames.map { Text($0) } == [Text(text)])
        }
    }
}
