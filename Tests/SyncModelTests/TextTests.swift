import SyncModel
import Testing

@Suite struct TextTests {
    /// Of every length around the eight bytes that are compared at once, inline and on the heap.
    private static let texts: [String] = {
        var texts = ["é", "e\u{301}", "Å", "\u{212b}", "\u{0}", "a\u{0}b", "\u{10ffff}"]
        for length in 0...34 {
            let base = String(repeating: "k", count: length)
            texts += [base, base + "a", base + "b", base + "é", "a" + base, base + "\u{0}", base + "ÿ" + base]
        }
        return texts
    }()

    @Test func equalityAndOrderAreThoseOfTheBytes() {
        var counts = (equal: 0, less: 0)
        for left in Self.texts {
            for right in Self.texts {
                let isEqual = Array(left.utf8) == Array(right.utf8)
                let isLess = left.utf8.lexicographicallyPrecedes(right.utf8)
                #expect((Text(left) == Text(right)) == isEqual, "\(left) \(right)")
                #expect((Text(left) < Text(right)) == isLess, "\(left) \(right)")
                counts.equal += isEqual ? 1 : 0
                counts.less += isLess ? 1 : 0
            }
        }
        #expect(counts.equal >= Self.texts.count && counts.less > Self.texts.count)
    }

    @Test func equalTextsHashAlikeHoweverTheyAreStored() {
        for text in Self.texts {
            let copied = String(decoding: Array(text.utf8), as: UTF8.self)
            let cut = Text(("xx" + text).dropFirst(2))
            #expect(Set([Text(text), Text(copied), cut]).count == 1, "\(text)")
        }
    }

    @Test func aKeyDoublesTheSlashesOfItsParts() {
        #expect(RowKey(values: ["1"]).description == "\"1\"")
        #expect(RowKey(values: ["a/b", .null, ""]).description == "\"a//b\"/_/\"\"")
    }
}
