import SyncModel

/// Cuts a condition into tokens, by the rules of PostgreSQL's scanner.
struct Lexer {
    private let bytes: [UInt8]
    private var position = 0
    /// Parameters are `$name`; those found so far. nil: they are `$1`.
    private var references: [NameReference]?

    /// What Electric puts before a condition to parse it: its syntax errors count from there, in characters.
    private static let prefixLength = "SELECT 1 WHERE ".utf8.count

    init(_ condition: String) {
        bytes = Array(condition.utf8)
    }

    /// The last token is `.end`.
    static func tokens(of condition: String) throws(ShapeError) -> [Token] {
        var lexer = Lexer(condition)
        var tokens: [Token] = []
        repeat { tokens.append(try lexer.next()) } while tokens.last?.kind != .end
        return tokens
    }

    /// A parameter's name in a condition, and the UTF-8 bytes that it takes there with its `$`.
    struct NameReference: Hashable {
        let name: String
        let range: Range<Int>
    }

    /// The `$name`s of a condition whose parameters have names, in their order.
    static func references(in condition: String) throws(ShapeError) -> [NameReference] {
        var lexer = Lexer(condition)
        lexer.references = []
        while try lexer.next().kind != .end {}
        return lexer.references ?? []
    }

    private mutating func next() throws(ShapeError) -> Token {
        try skipSpaceAndComments()
        let start = position
        guard let byte = peek() else { return Token(kind: .end, range: start..<start) }
        let kind = try kind(startingWith: byte)
        return Token(kind: kind, range: start..<position)
    }

    private mutating func kind(startingWith byte: UInt8) throws(ShapeError) -> Token.Kind {
        switch byte {
        case UInt8(ascii: "'"): return .string(try string())
        case UInt8(ascii: "\""): return .quotedName(try quotedName())
        case UInt8(ascii: "$"): return try parameter()
        case 48...57: return try number()
        case UInt8(ascii: ".") where peek(1).map(NumberSyntax.isDigit) == true: return try number()
        case UInt8(ascii: ":") where peek(1) == byte:
            position += 2
            return .punctuation("::")
        case UInt8(ascii: ":"):
            position += 1
            return .punctuation(":")
        case _ where Self.isNameStart(byte): return try word()
        case _ where Self.operatorBytes.contains(byte): return symbol()
        case _ where Self.punctuationBytes.contains(byte):
            position += 1
            return .punctuation(String(UnicodeScalar(byte)))
        default:
            position += 1
            throw syntaxError(at: position - 1..<position)
        }
    }

    private func peek(_ ahead: Int = 0) -> UInt8? {
        position + ahead < bytes.count ? bytes[position + ahead] : nil
    }

    private static let punctuationBytes = Set("(),.;[]".utf8)
    private static let operatorBytes = Set("~!@#^&|`?+-*/%<>=".utf8)
    /// An operator that has one of these may end in `+` or `-`.
    private static let oddBytes = Set("~!@#^&|`?%".utf8)

    private static func isNameStart(_ byte: UInt8) -> Bool {
        (65...90).contains(byte) || (97...122).contains(byte) || byte == UInt8(ascii: "_") || byte >= 0x80
    }

    private static func isNamePart(_ byte: UInt8) -> Bool {
        isNameStart(byte) || NumberSyntax.isDigit(byte) || byte == UInt8(ascii: "$")
    }

    private func text(_ range: Range<Int>) -> String { String(decoding: bytes[range], as: UTF8.self) }
}

extension Lexer {
    /// `At location N: syntax error at or near "…"`, N counted as Electric counts it.
    func syntaxError(at range: Range<Int>, _ problem: String = "syntax error") -> ShapeError {
        let characters = bytes[..<range.lowerBound].count { $0 & 0xc0 != 0x80 }
        let place = range.isEmpty ? "at end of input" : "at or near \"\(text(range))\""
        return ShapeError(
            .badCondition, at: range.lowerBound, location: Self.prefixLength + characters, "\(problem) \(place)")
    }

    private mutating func skipSpaceAndComments() throws(ShapeError) {
        while let byte = peek() {
            if byte == 32 || (9...10).contains(byte) || (12...13).contains(byte) {
                position += 1
            } else if byte == UInt8(ascii: "-"), peek(1) == byte {
                while let next = peek(), next != 10, next != 13 { position += 1 }
            } else if byte == UInt8(ascii: "/"), peek(1) == UInt8(ascii: "*") {
                try skipBlockComment()
            } else {
                return
            }
        }
    }

    private mutating func skipBlockComment() throws(ShapeError) {
        let start = position
        var depth = 0
        while let byte = peek() {
            if byte == UInt8(ascii: "/"), peek(1) == UInt8(ascii: "*") {
                depth += 1
                position += 2
            } else if byte == UInt8(ascii: "*"), peek(1) == UInt8(ascii: "/") {
                depth -= 1
                position += 2
                if depth == 0 { return }
            } else {
                position += 1
            }
        }
        throw syntaxError(at: start..<bytes.count, "unterminated /* comment")
    }

    /// `'…'`, quotes doubled. Parts with a line break between them are one string, as in SQL.
    private mutating func string() throws(ShapeError) -> Text {
        let start = position
        var content: [UInt8] = []
        position += 1
        while true {
            guard let byte = peek() else { throw syntaxError(at: start..<bytes.count, "unterminated quoted string") }
            position += 1
            if byte != UInt8(ascii: "'") {
                content.append(byte)
            } else if peek() == UInt8(ascii: "'") {
                content.append(byte)
                position += 1
            } else if !continuesOnNextLine() {
                return Text(String(decoding: content, as: UTF8.self))
            }
        }
    }

    private mutating func continuesOnNextLine() -> Bool {
        var ahead = position
        var hasLineBreak = false
        while ahead < bytes.count, NumberSyntax.isSpace(bytes[ahead]) {
            if bytes[ahead] == 10 || bytes[ahead] == 13 { hasLineBreak = true }
            ahead += 1
        }
        guard hasLineBreak, ahead < bytes.count, bytes[ahead] == UInt8(ascii: "'") else { return false }
        position = ahead + 1
        return true
    }

    private mutating func quotedName() throws(ShapeError) -> String {
        let start = position
        var content: [UInt8] = []
        position += 1
        while true {
            guard let byte = peek() else {
                throw syntaxError(at: start..<bytes.count, "unterminated quoted identifier")
            }
            position += 1
            if byte != UInt8(ascii: "\"") {
                content.append(byte)
            } else if peek() == UInt8(ascii: "\"") {
                content.append(byte)
                position += 1
            } else {
                break
            }
        }
        guard !content.isEmpty else {
            throw syntaxError(at: start..<position, "zero-length delimited identifier")
        }
        return String(decoding: content, as: UTF8.self)
    }

    private mutating func word() throws(ShapeError) -> Token.Kind {
        let start = position
        while let byte = peek(), Self.isNamePart(byte) { position += 1 }
        // E'…', B'…', X'…', N'…', U&'…': special strings.
        let first = bytes[start] | 32
        if position == start + 1, peek() == UInt8(ascii: "'"), "bexn".utf8.contains(first) {
            throw ShapeError(
                .notSupported, at: start,
                "strings with a letter before the quote are not supported: write '…' or a parameter")
        }
        return .word(
            String(decoding: bytes[start..<position].map { (65...90).contains($0) ? $0 + 32 : $0 }, as: UTF8.self))
    }

    private mutating func parameter() throws(ShapeError) -> Token.Kind {
        let start = position
        position += 1
        if references != nil { return try reference(from: start) }
        while let byte = peek(), NumberSyntax.isDigit(byte) { position += 1 }
        guard position > start + 1 else {
            if let byte = peek(), byte == UInt8(ascii: "$") || Self.isNameStart(byte) {
                throw ShapeError(
                    .notSupported, at: start,
                    "dollar-quoted strings are not supported: write '…' or a parameter")
            }
            throw syntaxError(at: start..<position)
        }
        let digits = text(start + 1..<position)
        if let byte = peek(), Self.isNameStart(byte) {
            throw syntaxError(at: start..<position + 1, "trailing junk after parameter")
        }
        guard let number = Int(digits), number > 0, number <= Int(Int32.max) else {
            throw ShapeError(.badParameters, at: start, "there is no parameter $\(digits)")
        }
        return .parameter(number)
    }

    /// ASCII only, like the names that a data model can give.
    private mutating func reference(from start: Int) throws(ShapeError) -> Token.Kind {
        while let byte = peek(), byte < 0x80, byte != UInt8(ascii: "$"), Self.isNamePart(byte) { position += 1 }
        let name = text(start + 1..<position)
        guard let first = name.utf8.first, !NumberSyntax.isDigit(first) else {
            throw ShapeError(.badParameters, at: start, "parameters have names here: write $name")
        }
        references?.append(NameReference(name: name, range: start..<position))
        return .parameter(1)
    }

    private mutating func number() throws(ShapeError) -> Token.Kind {
        let start = position
        while let byte = peek(), NumberSyntax.isDigit(byte) { position += 1 }
        if peek() == UInt8(ascii: "."), peek(1) != UInt8(ascii: ".") {
            position += 1
            while let byte = peek(), NumberSyntax.isDigit(byte) { position += 1 }
        }
        if let mark = peek(), mark | 32 == UInt8(ascii: "e") {
            let signed = peek(1) == UInt8(ascii: "+") || peek(1) == UInt8(ascii: "-")
            if let digit = peek(signed ? 2 : 1), NumberSyntax.isDigit(digit) {
                position += signed ? 2 : 1
                while let byte = peek(), NumberSyntax.isDigit(byte) { position += 1 }
            }
        }
        if let byte = peek(), Self.isNameStart(byte) {
            throw syntaxError(at: start..<position + 1, "trailing junk after numeric literal")
        }
        return .number(text(start..<position))
    }

    /// As many operator bytes as there are, without a comment's beginning, and without a `+` or `-` at the
    /// end that belongs to what follows (`n=-1`).
    private mutating func symbol() -> Token.Kind {
        let start = position
        while let byte = peek(), Self.operatorBytes.contains(byte) {
            let isComment =
                (byte == UInt8(ascii: "-") && peek(1) == byte)
                || (byte == UInt8(ascii: "/") && peek(1) == UInt8(ascii: "*"))
            if position > start, isComment { break }
            position += 1
        }
        let isOdd = bytes[start..<position].contains { Self.oddBytes.contains($0) }
        while position > start + 1, !isOdd,
            bytes[position - 1] == UInt8(ascii: "+") || bytes[position - 1] == UInt8(ascii: "-")
        {
            position -= 1
        }
        let symbol = text(start..<position)
        return .symbol(symbol == "!=" ? "<>" : symbol)
    }
}
