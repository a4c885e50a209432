import SyncModel

/// A JSON document as PostgreSQL reads it, with the place of each part in the text.
struct JSONTree: Sendable {
    indirect enum Content: Sendable {
        case null
        case bool(Bool)
        /// Its text is the range's.
        case number
        /// nil for one that holds U+0000 or half a surrogate pair: `json` keeps it, and nothing can read it.
        case string(Text?)
        case array([JSONTree])
        /// As written, doubles included.
        case object([(key: Text?, value: JSONTree)])
    }

    let content: Content
    /// UTF-8 bytes of the text.
    let range: Range<Int>

    /// Values inside each other. PostgreSQL takes more (its stack decides).
    static let maxDepth = 128

    static func parse(_ text: Text) -> JSONTree? {
        var reader = JSONReader(Array(text.string.utf8))
        return reader.document()
    }

    static func text(_ range: Range<Int>, of source: Text) -> Text {
        Text(String(decoding: Array(source.string.utf8)[range], as: UTF8.self))
    }
}

private struct JSONReader {
    private let bytes: [UInt8]
    private var position = 0

    init(_ bytes: [UInt8]) {
        self.bytes = bytes
    }

    private var current: UInt8? { position < bytes.count ? bytes[position] : nil }

    private mutating func take(_ byte: Unicode.Scalar) -> Bool {
        guard current == UInt8(ascii: byte) else { return false }
        position += 1
        return true
    }

    private mutating func skipSpace() {
        while let byte = current, byte == 32 || byte == 9 || byte == 10 || byte == 13 { position += 1 }
    }

    mutating func document() -> JSONTree? {
        let tree = value(depth: 1)
        skipSpace()
        return position == bytes.count ? tree : nil
    }

    private mutating func value(depth: Int) -> JSONTree? {
        guard depth <= JSONTree.maxDepth else { return nil }
        skipSpace()
        let start = position
        guard let byte = current, let content = content(byte, depth) else { return nil }
        return JSONTree(content: content, range: start..<position)
    }

    private mutating func content(_ byte: UInt8, _ depth: Int) -> JSONTree.Content? {
        switch byte {
        case UInt8(ascii: "{"): return object(depth)
        case UInt8(ascii: "["): return array(depth)
        case UInt8(ascii: "\""): return string().map { .string($0) }
        case UInt8(ascii: "t"): return word("true") ? .bool(true) : nil
        case UInt8(ascii: "f"): return word("false") ? .bool(false) : nil
        case UInt8(ascii: "n"): return word("null") ? .null : nil
        default: return number() ? .number : nil
        }
    }

    private mutating func word(_ word: String) -> Bool {
        guard bytes[position...].starts(with: word.utf8) else { return false }
        position += word.utf8.count
        return current.map { $0 < 0x80 && !Self.isWordPart($0) } ?? true
    }

    private static func isWordPart(_ byte: UInt8) -> Bool {
        NumberSyntax.isDigit(byte) || (97...122).contains(byte | 32) || byte == UInt8(ascii: "_")
    }

    private mutating func array(_ depth: Int) -> JSONTree.Content? {
        position += 1
        var items: [JSONTree] = []
        skipSpace()
        if take("]") { return .array([]) }
        repeat {
            guard let item = value(depth: depth + 1) else { return nil }
            items.append(item)
            skipSpace()
        } while take(",")
        return take("]") ? .array(items) : nil
    }

    private mutating func object(_ depth: Int) -> JSONTree.Content? {
        position += 1
        var members: [(key: Text?, value: JSONTree)] = []
        skipSpace()
        if take("}") { return .object([]) }
        repeat {
            skipSpace()
            guard current == UInt8(ascii: "\""), let key = string() else { return nil }
            skipSpace()
            guard take(":"), let value = value(depth: depth + 1) else { return nil }
            members.append((key, value))
            skipSpace()
        } while take(",")
        return take("}") ? .object(members) : nil
    }

    private mutating func number() -> Bool {
        _ = take("-")
        guard let first = current, NumberSyntax.isDigit(first) else { return false }
        if !take("0") { digits() }
        if take(".") {
            guard let digit = current, NumberSyntax.isDigit(digit) else { return false }
            digits()
        }
        if take("e") || take("E") {
            if !take("+") { _ = take("-") }
            guard let digit = current, NumberSyntax.isDigit(digit) else { return false }
            digits()
        }
        return current.map { !Self.isWordPart($0) } ?? true
    }

    private mutating func digits() {
        while let byte = current, NumberSyntax.isDigit(byte) { position += 1 }
    }

    /// Outer nil: broken. Inner nil: no text of PostgreSQL.
    private mutating func string() -> Text?? {
        position += 1
        var content: [UInt8] = []
        var isText = true
        while let byte = current {
            position += 1
            switch byte {
            case UInt8(ascii: "\""): return .some(isText ? Text(String(decoding: content, as: UTF8.self)) : nil)
            case UInt8(ascii: "\\"):
                guard escape(&content, &isText) else { return nil }
            case 0..<32: return nil
            default: content.append(byte)
            }
        }
        return nil
    }

    private static let escapes: [UInt8: UInt8] = [
        UInt8(ascii: "\""): UInt8(ascii: "\""), UInt8(ascii: "\\"): UInt8(ascii: "\\"),
        UInt8(ascii: "/"): UInt8(ascii: "/"), UInt8(ascii: "b"): 8, UInt8(ascii: "f"): 12, UInt8(ascii: "n"): 10,
        UInt8(ascii: "r"): 13, UInt8(ascii: "t"): 9,
    ]

    private mutating func escape(_ content: inout [UInt8], _ isText: inout Bool) -> Bool {
        guard let byte = current else { return false }
        position += 1
        if let plain = Self.escapes[byte] {
            content.append(plain)
            return true
        }
        guard byte == UInt8(ascii: "u"), var code = codeUnit() else { return false }
        if (0xd800..<0xdc00).contains(code), bytes[position...].starts(with: "\\u".utf8) {
            position += 2
            guard let low = codeUnit() else { return false }
            if (0xdc00..<0xe000).contains(low) { code = 0x10000 + (code - 0xd800) << 10 + (low - 0xdc00) }
        }
        guard code != 0, let scalar = Unicode.Scalar(code) else {
            isText = false
            return true
        }
        content.append(contentsOf: Array(String(Character(scalar)).utf8))
        return true
    }

    private mutating func codeUnit() -> UInt32? {
        guard position + 4 <= bytes.count else { return nil }
        var code: UInt32 = 0
        for byte in bytes[position..<position + 4] {
            guard let digit = UUIDSyntax.hexadecimal(byte) else { return nil }
            code = code << 4 | UInt32(digit)
        }
        position += 4
        return code
    }
}
