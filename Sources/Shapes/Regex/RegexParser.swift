import SyncModel

/// Reads PostgreSQL's advanced regular expressions. Errors are in its words, where it has them.
struct RegexParser {
    struct Options: Sendable {
        var ignoresCase: Bool
        /// `.` and complements do not match a newline.
        var stopsAtLines = false
        /// `^` and `$` match at lines.
        var anchorsAtLines = false
        var isExpanded = false
    }

    let scalars: [Unicode.Scalar]
    var position = 0
    var options: Options
    private var depth = 0
    private var groups = 0

    static let maxDepth = 50
    static let maxRepetitions = 255

    init(_ pattern: Text, ignoresCase: Bool) {
        scalars = Array(pattern.string.unicodeScalars)
        options = Options(ignoresCase: ignoresCase)
    }

    static func invalid(_ what: String) -> EvaluationError { EvaluationError("invalid regular expression: \(what)") }

    static func refused(_ what: String) -> EvaluationError {
        EvaluationError("invalid regular expression: \(what) is not supported in conditions")
    }

    var current: Unicode.Scalar? { position < scalars.count ? scalars[position] : nil }

    func peek(_ ahead: Int) -> Unicode.Scalar? {
        position + ahead < scalars.count ? scalars[position + ahead] : nil
    }

    mutating func take(_ text: String) -> Bool {
        guard scalars[position...].starts(with: text.unicodeScalars) else { return false }
        position += text.unicodeScalars.count
        return true
    }

    mutating func parse() throws(EvaluationError) -> RegexNode {
        if take("***=") { return literal() }
        if take("***:") {} else if take("***") { throw Self.invalid("invalid embedded option") }
        if try readOptions() { return literal() }
        let node = try alternatives()
        guard current == nil else { throw Self.invalid("parentheses () not balanced") }
        return node
    }

    private func literal() -> RegexNode {
        .sequence(scalars[position...].map { .set(RegexSet($0, ignoresCase: options.ignoresCase)) })
    }

    /// `(?i)` at the beginning; true for `q`, a literal.
    private mutating func readOptions() throws(EvaluationError) -> Bool {
        guard current == "(", peek(1) == "?", let letter = peek(2), letter.properties.isAlphabetic else { return false }
        position += 2
        var isLiteral = false
        while let letter = current, letter != ")" {
            switch letter {
            case "i": options.ignoresCase = true
            case "c": options.ignoresCase = false
            case "n", "m": (options.stopsAtLines, options.anchorsAtLines) = (true, true)
            case "p": (options.stopsAtLines, options.anchorsAtLines) = (true, false)
            case "w": (options.stopsAtLines, options.anchorsAtLines) = (false, true)
            case "s": (options.stopsAtLines, options.anchorsAtLines) = (false, false)
            case "x": options.isExpanded = true
            case "t": options.isExpanded = false
            case "q": isLiteral = true
            case "b", "e": throw Self.refused("the option \(letter), for another syntax,")
            default: throw Self.invalid("invalid embedded option")
            }
            position += 1
        }
        guard take(")") else { throw Self.invalid("invalid embedded option") }
        return isLiteral
    }

    /// White space and comments, where they do not count.
    mutating func skipIgnored() {
        while true {
            if options.isExpanded, let scalar = current, scalar.properties.isWhitespace {
                position += 1
            } else if options.isExpanded, current == "#" {
                while let scalar = current, scalar != "\n" { _ = scalar; position += 1 }
            } else if current == "(", peek(1) == "?", peek(2) == "#" {
                while let scalar = current, scalar != ")" { _ = scalar; position += 1 }
                if current != nil { position += 1 }
            } else {
                return
            }
        }
    }

    private mutating func alternatives() throws(EvaluationError) -> RegexNode {
        depth += 1
        defer { depth -= 1 }
        guard depth <= Self.maxDepth else {
            throw Self.invalid("parentheses are at most \(Self.maxDepth) deep in conditions")
        }
        var branches = [try branch()]
        while take("|") { branches.append(try branch()) }
        return branches.count == 1 ? branches[0] : .alternatives(branches)
    }

    private mutating func branch() throws(EvaluationError) -> RegexNode {
        var nodes: [RegexNode] = []
        while true {
            skipIgnored()
            guard let scalar = current, scalar != "|", scalar != ")" else { break }
            nodes.append(try piece(scalar))
        }
        return nodes.isEmpty ? .empty : .sequence(nodes)
    }

    private mutating func piece(_ scalar: Unicode.Scalar) throws(EvaluationError) -> RegexNode {
        if let assertion = try assertion() { return .assertion(assertion) }
        let atom = try atom(scalar)
        skipIgnored()
        guard let (least, most) = try quantifier() else { return atom }
        // The reluctant form.
        _ = take("?")
        return .repeated(atom, least: least, most: most)
    }

    private mutating func assertion() throws(EvaluationError) -> RegexNode.Assertion? {
        if take("^") { return .lineStart }
        if take("$") { return .lineEnd }
        if take("[[:<:]]") { return .wordStart }
        if take("[[:>:]]") { return .wordEnd }
        if take("\\A") { return .textStart }
        if take("\\Z") { return .textEnd }
        if take("\\m") { return .wordStart }
        if take("\\M") { return .wordEnd }
        if take("\\y") { return .wordBoundary }
        if take("\\Y") { return .noWordBoundary }
        return nil
    }

    private mutating func atom(_ scalar: Unicode.Scalar) throws(EvaluationError) -> RegexNode {
        switch scalar {
        case "(": return try group()
        case "[": return .set(try bracket())
        case ".":
            position += 1
            var any = RegexSet()
            any.isNegated = true
            any.excludesNewline = options.stopsAtLines
            return .set(any)
        case "*", "+", "?": throw Self.invalid("quantifier operand invalid")
        case "{" where peek(1).map(Self.isDigit) == true: throw Self.invalid("quantifier operand invalid")
        case "\\":
            position += 1
            return .set(try escape(isInBracket: false))
        default:
            position += 1
            return .set(RegexSet(scalar, ignoresCase: options.ignoresCase))
        }
    }

    private mutating func group() throws(EvaluationError) -> RegexNode {
        position += 1
        if take("?") {
            for (mark, name) in [("=", "lookahead"), ("!", "lookahead"), ("<=", "lookbehind"), ("<!", "lookbehind")]
            where take(mark) {
                throw Self.refused("\(name) (?\(mark)…)")
            }
            guard take(":") else { throw Self.invalid("quantifier operand invalid") }
        } else {
            groups += 1
        }
        let node = try alternatives()
        guard take(")") else { throw Self.invalid("parentheses () not balanced") }
        return node
    }

    static func isDigit(_ scalar: Unicode.Scalar) -> Bool { (48...57).contains(scalar.value) }

    private mutating func quantifier() throws(EvaluationError) -> (least: Int, most: Int?)? {
        if take("*") { return (0, nil) }
        if take("+") { return (1, nil) }
        if take("?") { return (0, 1) }
        guard current == "{", peek(1).map(Self.isDigit) == true else { return nil }
        position += 1
        let least = try count()
        var most: Int? = least
        if take(",") { most = current.map(Self.isDigit) == true ? try count() : nil }
        guard take("}") else { throw Self.invalid("invalid repetition count(s)") }
        if let most, most < least { throw Self.invalid("invalid repetition count(s)") }
        return (least, most)
    }

    private mutating func count() throws(EvaluationError) -> Int {
        var value = 0
        while let digit = current, Self.isDigit(digit) {
            value = value * 10 + Int(digit.value - 48)
            position += 1
            guard value <= Self.maxRepetitions else { throw Self.invalid("invalid repetition count(s)") }
        }
        return value
    }

    /// After the `\`. Escapes that are no characters were read before.
    mutating func escape(isInBracket: Bool) throws(EvaluationError) -> RegexSet {
        guard let letter = current else { throw Self.invalid("invalid escape \\ sequence") }
        position += 1
        switch letter {
        case "d": return RegexSet(.digit, isNegated: false)
        case "D": return complement(.digit)
        case "s": return RegexSet(.space, isNegated: false)
        case "S": return complement(.space)
        case "w": return RegexSet(.word, isNegated: false)
        case "W": return complement(.word)
        case "1"..."9":
            let digits = scalars[position...].prefix { Self.isDigit($0) }
            let number = Int(String(String.UnicodeScalarView([letter] + digits))) ?? .max
            if isInBracket || (!digits.isEmpty && number > groups) {
                position -= 1
                return single(try octal())
            }
            throw Self.refused("a back-reference \\\(letter)")
        default:
            guard let scalar = try character(letter) else { throw Self.invalid("invalid escape \\ sequence") }
            return single(scalar)
        }
    }

    private func single(_ scalar: Unicode.Scalar) -> RegexSet { RegexSet(scalar, ignoresCase: options.ignoresCase) }

    private func complement(_ kind: RegexSet.Class) -> RegexSet {
        var set = RegexSet(kind, isNegated: true)
        set.excludesNewline = options.stopsAtLines
        return set
    }

    private static let controls: [Unicode.Scalar: Unicode.Scalar] = [
        "a": "\u{7}", "b": "\u{8}", "B": "\\", "e": "\u{1b}", "f": "\u{c}", "n": "\n", "r": "\r", "t": "\t",
        "v": "\u{b}",
    ]

    /// nil for an escape that there is not.
    private mutating func character(_ letter: Unicode.Scalar) throws(EvaluationError) -> Unicode.Scalar? {
        if let control = Self.controls[letter] { return control }
        switch letter {
        case "c":
            guard let next = current else { return nil }
            position += 1
            return Unicode.Scalar(next.value & 31)
        case "0":
            position -= 1
            return try octal()
        case "x": return hexadecimal(1...255)
        case "u": return hexadecimal(4...4)
        case "U": return hexadecimal(8...8)
        default:
            let isWord = letter.properties.isAlphabetic || Self.isDigit(letter)
            return isWord ? nil : letter
        }
    }

    private mutating func octal() throws(EvaluationError) -> Unicode.Scalar {
        var value: UInt32 = 0
        var count = 0
        while count < 3, let digit = current, (48...55).contains(digit.value) {
            value = value << 3 | (digit.value - 48)
            count += 1
            position += 1
        }
        guard count > 0, let scalar = Unicode.Scalar(value) else { throw Self.invalid("invalid escape \\ sequence") }
        return scalar
    }

    /// PostgreSQL counts in 32 bits and lets what is beyond fall off, and takes codes that no character has: they
    /// match nothing, as U+0000 does, which no text holds.
    private mutating func hexadecimal(_ count: ClosedRange<Int>) -> Unicode.Scalar? {
        var value: UInt32 = 0
        var digits = 0
        while digits < count.upperBound, let scalar = current, scalar.isASCII,
            let digit = UUIDSyntax.hexadecimal(UInt8(scalar.value))
        {
            value = value << 4 | UInt32(digit)
            digits += 1
            position += 1
        }
        guard count.contains(digits), value <= 0x7fff_fffe else { return nil }
        return Unicode.Scalar(value) ?? "\0"
    }
}

/// `[…]`
extension RegexParser {
    private mutating func bracket() throws(EvaluationError) -> RegexSet {
        position += 1
        var set = RegexSet()
        if take("^") {
            set.isNegated = true
            set.excludesNewline = options.stopsAtLines
        }
        var isFirst = true
        while true {
            guard let scalar = current else { throw Self.invalid("brackets [] not balanced") }
            if scalar == "]", !isFirst {
                position += 1
                return set
            }
            try element(&set, isFirst: isFirst)
            isFirst = false
        }
    }

    private mutating func element(_ set: inout RegexSet, isFirst: Bool) throws(EvaluationError) {
        if take("[:") {
            let name = try named(until: ":]")
            guard let kind = RegexSet.Class(rawValue: name) else { throw Self.invalid("invalid character class") }
            set.insert(kind, ignoresCase: options.ignoresCase)
            return
        }
        if take("[=") {
            let name = Array(try named(until: "=]").unicodeScalars)
            guard name.count == 1 else { throw Self.invalid("invalid collating element") }
            set.insert(name[0].value...name[0].value, ignoresCase: options.ignoresCase)
            return
        }
        if current == "\\", let letter = peek(1), let kind = Self.shorthand(letter) {
            position += 2
            set.insert(kind.class, isNegated: kind.isNegated, ignoresCase: false)
            return
        }
        if current == "-", !isFirst, peek(1) != "]" { throw Self.invalid("invalid character range") }
        let first = try endpoint()
        guard current == "-", let next = peek(1), next != "]" else {
            set.insert(first...first, ignoresCase: options.ignoresCase)
            return
        }
        position += 1
        let last = try endpoint()
        guard first <= last else { throw Self.invalid("invalid character range") }
        guard last - first < 100_000 else { throw Self.invalid("invalid character range") }
        set.insert(first...last, ignoresCase: options.ignoresCase)
    }

    private static func shorthand(_ letter: Unicode.Scalar) -> (class: RegexSet.Class, isNegated: Bool)? {
        switch letter {
        case "d": (.digit, false)
        case "D": (.digit, true)
        case "s": (.space, false)
        case "S": (.space, true)
        case "w": (.word, false)
        case "W": (.word, true)
        default: nil
        }
    }

    private mutating func named(until end: String) throws(EvaluationError) -> String {
        var name = String.UnicodeScalarView()
        while !take(end) {
            guard let scalar = current, name.count < 40 else { throw Self.invalid("brackets [] not balanced") }
            name.append(scalar)
            position += 1
        }
        return String(name)
    }

    private mutating func endpoint() throws(EvaluationError) -> UInt32 {
        if take("[.") {
            let name = Array(try named(until: ".]").unicodeScalars)
            guard name.count == 1 else { throw Self.invalid("invalid collating element") }
            return name[0].value
        }
        if take("[:") || take("[=") { throw Self.invalid("invalid character range") }
        guard let scalar = current else { throw Self.invalid("brackets [] not balanced") }
        position += 1
        guard scalar == "\\" else { return scalar.value }
        let set = try escape(isInBracket: true)
        guard let range = set.ranges.first else { throw Self.invalid("invalid character range") }
        return range.lowerBound
    }
}
