import PipelineFiles
import SyncModel
import Testing

@Suite struct TextArrayTests {
    @Test(arguments: [[], ["a"], ["a", "b c"], ["", "NULL", "x,y", "{", "\"", "\\", "é"]] as [[Text]])
    func readsBackWhatItWrites(elements: [Text]) {
        #expect(TextArray.elements(TextArray.literal(elements)) == elements)
    }

    @Test func readsPostgreSQLsForms() {
        #expect(TextArray.elements("{}") == [])
        #expect(TextArray.elements(#"{a,"b c","d\"e"}"#) == ["a", "b c", "d\"e"])
    }

    /// Of `SELECT ARRAY[…]::text[]` in PostgreSQL 15.
    @Test func writesWhatPostgreSQLWrites() {
        #expect(TextArray.literal([]) == "{}")
        #expect(TextArray.literal(["support", "mail"]) == "{support,mail}")
        let elements: [Text] = [
            "", "NULL", "Null", "nulls", "x,y", "{", "}", "\"", "\\", "a b", "a\nb", "a\u{b}", "é", "'",
        ]
        #expect(
            TextArray.literal(elements)
                == Text(
                    #"{"","NULL","Null",nulls,"x,y","{","}","\"","\\","a b",""# + "a\nb\",\"a\u{b}\",é,'}"))
    }

    @Test(
        arguments: ["", "{", "a", "{a,}", "{,a}", "{NULL}", "{a\"b}", "{\"a}", "{{a}}", "{a}b", "}{"]
            as [Text])
    func refusesOtherText(literal: Text) {
        #expect(TextArray.elements(literal) == nil)
    }
}

@Suite struct NameBasedUUIDTests {
    @Test func equalsAnotherImplementation() {
        // Python's uuid.uuid5(uuid.NAMESPACE_DNS, 'python.org')
        let id = NameBasedUUID.make(namespace: "6BA7B810-9DAD-11D1-80B4-00C04FD430C8", name: "python.org")
        #expect(id == "886313e1-3b8a-5372-9b90-0c9aee199e5d")
    }

    @Test(arguments: [
        "", "6ba7b810", "6ba7b8109dad11d180b400c04fd430c8", "6ba7b810-9dad-11d1-80b4-00c04fd430cg",
    ])
    func refusesANamespaceThatIsNoUUID(text: String) {
        #expect(NameBasedUUID.make(namespace: text, name: "x") == nil)
    }
}
