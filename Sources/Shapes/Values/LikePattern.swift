import SyncModel

/// `LIKE`: `%` is any text, `_` one character, `\` makes the next character literal.
///
/// What follows a `%` is tried at each place in turn; once a later `%` is reached, earlier ones need not be tried
/// again. So does PostgreSQL's `like_match.c`, which also decides when a wrong pattern is noticed.
struct LikePattern: Hashable, Sendable {
    private let pattern: [UInt8]
    private let ignoresCase: Bool

    init(_ pattern: Text, ignoresCase: Bool) {
        self.ignoresCase = ignoresCase
        self.pattern = Self.bytes(pattern, ignoresCase)
    }

    private static func bytes(_ text: Text, _ ignoresCase: Bool) -> [UInt8] {
        Array(ignoresCase ? CaseMapping.lowercased(text.string).utf8 : text.string.utf8)
    }

    private static let percent = UInt8(ascii: "%")
    private static let underscore = UInt8(ascii: "_")
    private static let backslash = UInt8(ascii: "\\")
    private static let endsInEscape = EvaluationError("LIKE pattern must not end with escape character")

    func matches(_ value: Text) throws(EvaluationError) -> Bool {
        let text = Self.bytes(value, ignoresCase)
        var t = 0
        var p = 0
        // Where to go on when what follows the last % does not fit.
        var resume: (text: Int, pattern: Int)?
        while true {
            if p == pattern.count {
                if t == text.count { return true }
            } else if pattern[p] == Self.percent {
                guard try skipWildcards(&t, &p, text) else { return false }
                if p == pattern.count { return true }
                resume = (t, p)
                guard try seek(&t, p, text) else { return false }
                resume = (t, p)
                continue
            } else if t == text.count {
                return false
            } else if try step(&t, &p, text) {
                continue
            }
            guard let last = resume else { return false }
            t = next(last.text, text)
            p = last.pattern
            guard try seek(&t, p, text) else { return false }
            resume = (t, p)
        }
    }

    /// After a %, with what wildcards follow it. False: the text is too short.
    private func skipWildcards(_ t: inout Int, _ p: inout Int, _ text: [UInt8]) throws(EvaluationError) -> Bool {
        while p < pattern.count {
            if pattern[p] == Self.percent {
                p += 1
            } else if pattern[p] == Self.underscore {
                guard t < text.count else { return false }
                t = next(t, text)
                p += 1
            } else {
                break
            }
        }
        return true
    }

    /// To the next place where the first byte fits.
    private func seek(_ t: inout Int, _ p: Int, _ text: [UInt8]) throws(EvaluationError) -> Bool {
        var first = pattern[p]
        if first == Self.backslash {
            guard p + 1 < pattern.count else { throw Self.endsInEscape }
            first = pattern[p + 1]
        }
        while t < text.count, text[t] != first { t = next(t, text) }
        return t < text.count
    }

    private func step(_ t: inout Int, _ p: inout Int, _ text: [UInt8]) throws(EvaluationError) -> Bool {
        if pattern[p] == Self.underscore {
            t = next(t, text)
            p += 1
            return true
        }
        if pattern[p] == Self.backslash {
            p += 1
            guard p < pattern.count else { throw Self.endsInEscape }
        }
        guard pattern[p] == text[t] else { return false }
        t += 1
        p += 1
        return true
    }

    private func next(_ index: Int, _ text: [UInt8]) -> Int {
        var next = index + 1
        while next < text.count, text[next] & 0xc0 == 0x80 { next += 1 }
        return next
    }

    /// `LIKE … ESCAPE`: the same pattern with the escape character `\`.
    static func escaped(_ pattern: Text, by escape: Text) throws(EvaluationError) -> Scalar {
        let marks = Array(escape.string.unicodeScalars)
        guard marks.count <= 1 else { throw EvaluationError("invalid escape string") }
        guard let mark = marks.first else {
            return .text(String(pattern.string.flatMap { $0 == "\\" ? "\\\\" : String($0) }))
        }
        if mark == "\\" { return .text(pattern) }
        var result = String.UnicodeScalarView()
        var isAfterEscape = false
        for scalar in pattern.string.unicodeScalars {
            if scalar == mark, !isAfterEscape {
                result.append("\\")
                isAfterEscape = true
            } else {
                if scalar == "\\" && !isAfterEscape { result.append("\\") }
                result.append(scalar)
                isAfterEscape = false
            }
        }
        return .text(String(result))
    }
}

/// Case mapping of PostgreSQL in a database of locale `C.UTF-8`: one character to one character.
enum CaseMapping {
    static func lowercased(_ text: String) -> String {
        var result = String.UnicodeScalarView()
        for scalar in text.unicodeScalars { result.append(lowercased(scalar)) }
        return String(result)
    }

    static func uppercased(_ text: String) -> String {
        var result = String.UnicodeScalarView()
        for scalar in text.unicodeScalars { result.append(uppercased(scalar)) }
        return String(result)
    }

    static func lowercased(_ scalar: Unicode.Scalar) -> Unicode.Scalar {
        if scalar.isASCII {
            return (65...90).contains(scalar.value) ? Unicode.Scalar(UInt8(scalar.value + 32)) : scalar
        }
        // Alone with a mapping of two scalars; C.UTF-8 gives it one.
        if scalar == "\u{130}" { return "i" }
        let mapping = scalar.properties.lowercaseMapping.unicodeScalars
        guard let first = mapping.first, mapping.count == 1 else { return scalar }
        return first
    }

    static func uppercased(_ scalar: Unicode.Scalar) -> Unicode.Scalar {
        if scalar.isASCII {
            return (97...122).contains(scalar.value) ? Unicode.Scalar(UInt8(scalar.value - 32)) : scalar
        }
        let mapping = scalar.properties.uppercaseMapping.unicodeScalars
        if let first = mapping.first, mapping.count == 1 { return first }
        // Of several scalars Unicode's simple mapping has one: Greek letters with iota subscript, and none for others.
        return simpleUppercase[scalar] ?? scalar
    }

    private static let simpleUppercase: [Unicode.Scalar: Unicode.Scalar] = {
        var mappings: [Unicode.Scalar: Unicode.Scalar] = [
            "\u{1fb3}": "\u{1fbc}", "\u{1fc3}": "\u{1fcc}", "\u{1ff3}": "\u{1ffc}",
        ]
        for block: UInt32 in [0x1f80, 0x1f90, 0x1fa0] {
            for offset: UInt32 in 0..<8 {
                guard let small = Unicode.Scalar(block + offset), let large = Unicode.Scalar(block + offset + 8) else {
                    continue
                }
                mappings[small] = large
            }
        }
        return mappings
    }()
}
