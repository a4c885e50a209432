import SyncModel

/// A lexical element of a condition.
struct Token: Hashable, Sendable {
    enum Kind: Hashable, Sendable {
        /// Folded to lower case; also keywords.
        case word(String)
        /// `"Name"`
        case quotedName(String)
        case string(Text)
        case number(String)
        case parameter(Int)
        /// Comparison and arithmetic operators, as written except that `!=` is `<>`.
        case symbol(String)
        /// `( ) , . ; [ ] ::`
        case punctuation(String)
        case end
    }

    let kind: Kind
    /// UTF-8 bytes of the condition.
    let range: Range<Int>

    func isWord(_ word: String) -> Bool { kind == .word(word) }
    func isPunctuation(_ mark: String) -> Bool { kind == .punctuation(mark) }
}
