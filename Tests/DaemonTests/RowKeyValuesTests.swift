import SyncModel
import Testing

@testable import Daemon

@Suite struct RowKeyValuesTests {
    @Test(arguments: [
        [["1"]], [["a", "b"]], [["a/b"]], [["/", "//", ""]], [["\"", "\"/\""]], [["_", "a//b/"]],
        [["é", "\u{65}\u{301}"]],
    ])
    func partsAreTheInverseOfTheKey(_ keys: [[String]]) {
        for values in keys {
            let key = RowKey(values: values.map { .text(Text($0)) })
            #expect(key.parts == values.map { Text($0) })
        }
    }

    @Test func nullHasNoText() {
        #expect(RowKey(values: [.null, "x", .null]).parts == [nil, "x", nil])
    }

    @Test func everyShortKeyComesBack() {
        let alphabet = ["/", "\"", "_", "a"]
        var count = 0
        func visit(_ text: String) {
            for other in ["", "/", text] {
                let key = RowKey(values: [.text(Text(text)), .text(Text(other))])
                #expect(key.parts == [Text(text), Text(other)])
                count += 1
            }
            if text.utf8.count < 5 { for letter in alphabet { visit(text + letter) } }
        }
        visit("")
        #expect(count > 4000)
    }
}
