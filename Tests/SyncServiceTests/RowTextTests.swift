import SyncModel
import Testing

@testable import SyncService

@Suite struct RowTextTests {
    private static let next = Row(["1", .null, .absent, "true", "e\u{301}"])

    @Test func bothImagesComeBack() throws {
        let others = [
            Self.next, Row(["1", "true", .absent, .null, "\u{e9}"]), Row([.absent, .absent, .null, "false", ""]),
            Row(["1", "2"]), Row(["1", .null, .absent, "true", "e\u{301}", "more"]),
        ]
        for old in others {
            let rows = try RowTexts(old: old, new: Self.next).rows()
            #expect(rows.old == old && rows.new == Self.next)
        }
        let alone = try RowTexts(old: Self.next, new: nil).rows()
        #expect(alone.old == Self.next && alone.new == nil)
    }

    @Test func ofTheImageBeforeOnlyTheDifferencesAreWritten() {
        #expect(
            RowText.encode(Row(["1", "x", .absent, .null, "e\u{301}"]), over: Self.next)
                == #"[true,"x",true,null,true]"#)
    }
}
