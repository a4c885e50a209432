import SyncModel

extension DataTree {
    /// Reads one JSON text (RFC 8259), digits of numbers kept.
    package init(json text: String) throws(PipelineFileError) {
        var reader = JSONReader(bytes: Array(text.utf8))
        self = try reader.document()
    }

    /// Compact, members sorted by name: equal trees have equal texts.
    package var json: String {
        var output = ""
        write(json: &output)
        return output
    }

    private func write(json output: inout String) {
        switch self {
        case .null: output += "null"
        case .bool(let value): output += value ? "true" : "false"
        case .number(let number): output += number.literal
        case .text(let text): Self.write(quoted: text.string, to: &output)
        case .list(let elements):
            output += "["
            for (index, element) in elements.enumerated() {
                if index > 0 { output += "," }
                element.write(json: &output)
            }
            output += "]"
        case .map(let members):
            output += "{"
            for (index, key) in members.keys.sorted().enumerated() {
                if index > 0 { output += "," }
                Self.write(quoted: key.string, to: &output)
                output += ":"
                members[key]?.write(json: &output)
            }
            output += "}"
        }
    }

    private static func write(quoted text: String, to output: inout String) {
        output += "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": output += "\\\""
            case "\\": output += "\\\\"
            case "\n": output += "\\n"
            case "\r": output += "\\r"
            case "\t": output += "\\t"
            case "\u{0}"..<" ":
                let digits = String(scalar.value, radix: 16)
                output += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: output.unicodeScalars.append(scalar)
            }
        }
        output += "\""
    }
}

/// A recursive-descent reader. Its depth is limited, and bytes beyond the end read as NUL, which nothing
/// accepts.
private struct JSONReader {
    let bytes: [UInt8]
    private var position = 0

    init(bytes: [UInt8]) {
        self.bytes = bytes
    }

    private var next: UInt8 { position < bytes.count ? bytes[position] : 0 }

    mutating func document() throws(PipelineFileError) -> DataTree {
        let tree = try value(depth: 0)
        skipSpace()
        guard position == bytes.count else { throw failure("something follows the value") }
        return tree
    }

    private func failure(_ what: String) -> PipelineFileError {
        PipelineFileError("this is no JSON: \(what) at byte \(position)")
    }

    private mutating func skipSpace() {
        while [0x20, 0x09, 0x0a, 0x0d].contains(next) { position += 1 }
    }

    private mutating func value(depth: Int) throws(PipelineFileError) -> DataTree {
        guard depth <= DataLimits.depth else { throw failure("more than \(DataLimits.depth) levels") }
        skipSpace()
        switch next {
        case UInt8(ascii: "{"): return try map(depth: depth)
        case UInt8(ascii: "["): return try list(depth: depth)
        case UInt8(ascii: "\""): return .text(Text(try string()))
        case UInt8(ascii: "t"): return try word("true", .bool(true))
        case UInt8(ascii: "f"): return try word("false", .bool(false))
        case UInt8(ascii: "n"): return try word("null", .null)
        default: return try number()
        }
    }

    private mutating func word(_ word: String, _ value: DataTree) throws(PipelineFileError) -> DataTree {
        guard bytes[position...].starts(with: word.utf8) else { throw failure("an unknown word") }
        position += word.utf8.count
        return value
    }

    private mutating func number() throws(PipelineFileError) -> DataTree {
        let start = position
        while (48...57).contains(next) || [0x2b, 0x2d, 0x2e, 0x45, 0x65].contains(next) { position += 1 }
        let digits = String(decoding: bytes[start..<position], as: UTF8.self)
        guard digits.first != "+", let number = DataNumber(decimal: digits) else {
            throw failure("a value is missing or malformed")
        }
        return .number(number)
    }

    private mutating func list(depth: Int) throws(PipelineFileError) -> DataTree {
        var elements: [DataTree] = []
        position += 1
        skipSpace()
        while next != UInt8(ascii: "]") {
            elements.append(try value(depth: depth + 1))
            try separator(before: UInt8(ascii: "]"))
        }
        position += 1
        return .list(elements)
    }

    private mutating func map(depth: Int) throws(PipelineFileError) -> DataTree {
        var members: [Text: DataTree] = [:]
        position += 1
        skipSpace()
        while next != UInt8(ascii: "}") {
            guard next == UInt8(ascii: "\"") else { throw failure("a member has no name") }
            let key = Text(try string())
            skipSpace()
            guard next == UInt8(ascii: ":") else { throw failure("a colon is missing") }
            position += 1
            members[key] = try value(depth: depth + 1)
            try separator(before: UInt8(ascii: "}"))
        }
        position += 1
        return .map(members)
    }

    private mutating func separator(before end: UInt8) throws(PipelineFileError) {
        skipSpace()
        if next == end { return }
        guard next == UInt8(ascii: ",") else { throw failure("a comma is missing") }
        position += 1
        skipSpace()
        if next == end { throw failure("a comma stands before the end") }
    }

    private mutating func string() throws(PipelineFileError) -> String {
        position += 1
        var unescaped: [UInt8] = []
        while next != UInt8(ascii: "\"") {
            guard position < bytes.count, next >= 0x20 else { throw failure("a string is not closed") }
            if next == UInt8(ascii: "\\") {
                unescaped += try escape().utf8
            } else {
                unescaped.append(next)
                position += 1
            }
        }
        position += 1
        return String(decoding: unescaped, as: UTF8.self)
    }

    private mutating func escape() throws(PipelineFileError) -> String {
        guard position + 1 < bytes.count else { throw failure("a string is not closed") }
        position += 2
        switch bytes[position - 1] {
        case UInt8(ascii: "\""): return "\""
        case UInt8(ascii: "\\"): return "\\"
        case UInt8(ascii: "/"): return "/"
        case UInt8(ascii: "b"): return "\u{8}"
        case UInt8(ascii: "f"): return "\u{c}"
        case UInt8(ascii: "n"): return "\n"
        case UInt8(ascii: "r"): return "\r"
        case UInt8(ascii: "t"): return "\t"
        case UInt8(ascii: "u"): return String(Character(try scalar()))
        default: throw failure("an unknown escape")
        }
    }

    private mutating func scalar() throws(PipelineFileError) -> Unicode.Scalar {
        let high = try codeUnit()
        if let scalar = Unicode.Scalar(high) { return scalar }
        guard bytes[min(position, bytes.count)...].starts(with: "\\u".utf8) else {
            throw failure("half a surrogate pair")
        }
        position += 2
        let low = try codeUnit()
        guard (0xd800..<0xdc00).contains(high), (0xdc00..<0xe000).contains(low),
            let scalar = Unicode.Scalar(0x10000 + (high - 0xd800) << 10 + (low - 0xdc00))
        else { throw failure("half a surrogate pair") }
        return scalar
    }

    private mutating func codeUnit() throws(PipelineFileError) -> UInt32 {
        guard position + 4 <= bytes.count,
            let unit = UInt32(String(decoding: bytes[position..<position + 4], as: UTF8.self), radix: 16)
        else { throw failure("an escape needs four hexadecimal digits") }
        position += 4
        return unit
    }
}
