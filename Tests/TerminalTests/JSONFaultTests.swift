import JSONText
import Testing
import TerminalText

@Suite struct JSONFaultTests {
    @Test(arguments: [
        ("", 1, 1, "the text ends"), ("{\"a\": 1,}", 1, 9, "member's name"), ("[1 2]", 1, 4, "a comma or ]"),
        ("{\n \"é\" 1}", 2, 6, "a colon"), ("[\"a\nb\"]", 1, 4, "control character"),
        ("[\"ab]", 1, 2, "not closed"), ("[\"\\x\"]", 1, 4, "an escape"), ("[\"\\u12\"]", 1, 7, "hexadecimal"),
        ("{} {}", 1, 4, "white space"), ("[01]", 1, 3, "begin with 0"), ("[1.]", 1, 4, "a digit"),
        ("[tru]", 1, 2, "a value is wanted"), ("['a']", 1, 2, "double quotes"), ("{\"a\":\r\n\r\n}", 3, 1, "a value"),
    ])
    func theFaultIsFound(_ text: String, _ line: Int, _ column: Int, _ reason: String) throws {
        let fault = try #require(JSONFault(in: text))
        #expect(fault.line == line && fault.column == column, "\(text): \(fault)")
        #expect(fault.reason.contains(reason), "\(fault)")
        #expect(throws: JSONError.self) { try JSON(parsing: text) }
    }

    /// Whatever the reader refuses is found, and nothing else: over all texts of a few characters that matter.
    @Test func itRefusesWhatTheReaderRefuses() {
        let letters = ["{", "}", "[", "]", ":", ",", "\"a\"", "1", "-", "null", " ", "\n", "."]
        var (refused, taken) = (0, 0)
        var texts = [""]
        for _ in 0..<4 {
            texts = texts.flatMap { text in letters.map { text + $0 } }
            for text in texts {
                let isJSON = (try? JSON(parsing: text)) != nil
                if isJSON { taken += 1 } else { refused += 1 }
                if isJSON != (JSONFault(in: text) == nil) { Issue.record("\(text)") }
            }
        }
        #expect(taken > 293 && refused > 10_000, "\(taken) taken, \(refused) refused")
    }

    @Test func whatNobodyTypesIsNotSearched() {
        #expect(JSONFault(in: String(repeating: "[", count: 100_000)) == nil)
    }
}
