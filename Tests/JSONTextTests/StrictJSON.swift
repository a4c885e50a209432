/// RFC 8259 written down a second time, for comparison: accepts or refuses, one byte after the other.
///
/// Beyond the grammar it refuses what the reader promises to refuse: bytes that are not UTF-8, half surrogate
/// pairs, numbers beyond a double, and nesting deeper than `maxDepth`.
struct StrictJSON {
    private let bytes: [UInt8]
    private let maxDepth: Int
    private var at = 0

    static func accepts(_ bytes: [UInt8], maxDepth: Int = 128) -> Bool {
        guard String(validating: bytes, as: UTF8.self) != nil else { return false }
        var checker = StrictJSON(bytes: bytes, maxDepth: maxDepth)
        guard checker.value(depth: 0) else { return false }
        checker.skipSpace()
        return checker.at == bytes.count
    }

    private init(bytes: [UInt8], maxDepth: Int) {
        self.bytes = bytes
        self.maxDepth = maxDepth
    }

    private var byte: UInt8? { at < bytes.count ? bytes[at] : nil }

    private mutating func skipSpace() {
        while let byte, [0x20, 0x09, 0x0a, 0x0d].contains(byte) { at += 1 }
    }

    private mutating func take(_ text: StaticString) -> Bool {
        let wanted = Array(text.description.utf8)
        guard bytes[at...].starts(with: wanted) else { return false }
        at += wanted.count
        return true
    }

    private mutating func value(depth: Int) -> Bool {
        skipSpace()
        switch byte {
        case UInt8(ascii: "{"): return container(depth: depth + 1, end: UInt8(ascii: "}"), hasKeys: true)
        case UInt8(ascii: "["): return container(depth: depth + 1, end: UInt8(ascii: "]"), hasKeys: false)
        case UInt8(ascii: "\""): return string()
        case UInt8(ascii: "t"): return take("true")
        case UInt8(ascii: "f"): return take("false")
        case UInt8(ascii: "n"): return take("null")
        default: return number()
        }
    }

    private mutating func container(depth: Int, end: UInt8, hasKeys: Bool) -> Bool {
        guard depth <= maxDepth else { return false }
        at += 1
        skipSpace()
        if byte == end {
            at += 1
            return true
        }
        while true {
            if hasKeys {
                skipSpace()
                guard string() else { return false }
                skipSpace()
                guard take(":") else { return false }
            }
            guard value(depth: depth) else { return false }
            skipSpace()
            if byte == end {
                at += 1
                return true
            }
            guard take(",") else { return false }
        }
    }

    private mutating func string() -> Bool {
        guard take("\"") else { return false }
        while let byte {
            at += 1
            switch byte {
            case UInt8(ascii: "\""): return true
            case 0..<0x20: return false
            case UInt8(ascii: "\\"): guard escape() else { return false }
            default: break
            }
        }
        return false
    }

    private mutating func escape() -> Bool {
        guard let byte else { return false }
        at += 1
        guard byte == UInt8(ascii: "u") else { return "\"\\/bfnrt".utf8.contains(byte) }
        guard let unit = hexadecimal() else { return false }
        switch unit {
        case 0xdc00...0xdfff: return false
        case 0xd800...0xdbff:
            guard take("\\u"), let low = hexadecimal() else { return false }
            return (0xdc00...0xdfff).contains(low)
        default: return true
        }
    }

    private mutating func hexadecimal() -> UInt16? {
        guard at + 4 <= bytes.count else { return nil }
        let digits = bytes[at..<at + 4]
        guard digits.allSatisfy({ Character(UnicodeScalar($0)).isHexDigit && $0 < 0x80 }) else { return nil }
        at += 4
        return UInt16(String(decoding: digits, as: UTF8.self), radix: 16)
    }

    private mutating func digits() -> Bool {
        let start = at
        while let byte, (0x30...0x39).contains(byte) { at += 1 }
        return at > start
    }

    private mutating func number() -> Bool {
        let start = at
        _ = take("-")
        if !take("0") { guard digits() else { return false } }
        if take(".") { guard digits() else { return false } }
        if take("e") || take("E") {
            if !take("+") { _ = take("-") }
            guard digits() else { return false }
        }
        guard let value = Double(String(decoding: bytes[start..<at], as: UTF8.self)) else { return false }
        return value.isFinite
    }
}
