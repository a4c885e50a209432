/// A piece of text that is equal to, and ordered against, another by its UTF-8 bytes.
///
/// Swift's `String ==` is canonical equivalence ("é" as one scalar equals "é" as two); SQL's is not, and
/// PostgreSQL, SQLite and the merge rules all compare bytes. Every value that came from, or goes to, a
/// database is therefore a `Text`, never a bare `String`.
package struct Text: Sendable {
    package let string: String

    package init(_ string: String) {
        self.string = string
    }

    package init<S: StringProtocol>(_ text: S) {
        string = String(text)
    }
}

extension Text: Equatable {
    package static func == (left: Text, right: Text) -> Bool {
        left.string.utf8.count == right.string.utf8.count
            && left.string.utf8.elementsEqual(right.string.utf8)
    }
}

extension Text: Hashable {
    package func hash(into hasher: inout Hasher) {
        for byte in string.utf8 { hasher.combine(byte) }
        hasher.combine(UInt8(0xff))
    }
}

extension Text: Comparable {
    package static func < (left: Text, right: Text) -> Bool {
        left.string.utf8.lexicographicallyPrecedes(right.string.utf8)
    }
}

extension Text: ExpressibleByStringLiteral, CustomStringConvertible {
    package init(stringLiteral value: String) {
        string = value
    }

    package var description: String { string }
}
