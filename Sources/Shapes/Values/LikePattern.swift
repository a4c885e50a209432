import SyncModel

/// `LIKE`: `%` is any text, `_` one character, `\` makes the next character literal. The algorithm, and with
/// it when a wrong pattern is noticed, is that of PostgreSQL's `like_match.c`.
struct LikePattern {
    private enum Outcome { case match, mismatch, abort }

    private let text: [UInt8]
    private let pattern: [UInt8]

    static func matches(_ text: Text, _ pattern: Text, ignoresCase: Bool) throws(EvaluationError) -> Bool {
        func bytes(_ text: Text) -> [UInt8] {
            Array(ignoresCase ? CaseMapping.lowercased(text.string).utf8 : text.string.utf8)
        }
        let like = LikePattern(text: bytes(text), pattern: bytes(pattern))
        return try like.match(0, 0) == .match
    }

    private static let percent = UInt8(ascii: "%")
    private static let underscore = UInt8(ascii: "_")
    private static let backslash = UInt8(ascii: "\\")

    private func match(_ textStart: Int, _ patternStart: Int) throws(EvaluationError) -> Outcome {
        var t = textStart
        var p = patternStart
        if p == pattern.count - 1, pattern[p] == Self.percent { return .match }
        while t < text.count, p < pattern.count {
            switch pattern[p] {
            case Self.backslash:
                p += 1
                guard p < pattern.count else { throw Self.endsInEscape }
                guard pattern[p] == text[t] else { return .mismatch }
            case Self.percent: return try matchAny(t, p + 1)
            case Self.underscore:
                t = nextCharacter(t)
                p += 1
                continue
            default:
                guard pattern[p] == text[t] else { return .mismatch }
            }
            t += 1
            p += 1
        }
        if t < text.count { return .mismatch }
        while p < pattern.count, pattern[p] == Self.percent { p += 1 }
        return p == pattern.count ? .match : .abort
    }

    /// After a `%`. An abort tells outer `%`s that trying further right is hopeless.
    private func matchAny(_ textStart: Int, _ patternStart: Int) throws(EvaluationError) -> Outcome {
        var t = textStart
        var p = patternStart
        while p < pattern.count {
            if pattern[p] == Self.percent {
                p += 1
            } else if pattern[p] == Self.underscore {
                guard t < text.count else { return .abort }
                t = nextCharacter(t)
                p += 1
            } else {
                break
            }
        }
        guard p < pattern.count else { return .match }
        var first = pattern[p]
        if first == Self.backslash {
            guard p + 1 < pattern.count else { throw Self.endsInEscape }
            first = pattern[p + 1]
        }
        while t < text.count {
            if text[t] == first {
                let outcome = try match(t, p)
                if outcome != .mismatch { return outcome }
            }
            t = nextCharacter(t)
        }
        return .abort
    }

    private func nextCharacter(_ index: Int) -> Int {
        var next = index + 1
        while next < text.count, text[next] & 0xc0 == 0x80 { next += 1 }
        return next
    }

    private static let endsInEscape = EvaluationError(message: "LIKE pattern must not end with escape character")
}

/// Case mapping of PostgreSQL's `lower` in a database of locale `C.UTF-8`: one character to one character.
enum CaseMapping {
    static func lowercased(_ text: String) -> String {
        var result = String.UnicodeScalarView()
        for scalar in text.unicodeScalars { result.append(lowercased(scalar)) }
        return String(result)
    }

    private static func lowercased(_ scalar: Unicode.Scalar) -> Unicode.Scalar {
        if scalar.isASCII {
            return (65...90).contains(scalar.value) ? Unicode.Scalar(UInt8(scalar.value + 32)) : scalar
        }
        // Alone with a mapping of two scalars; C.UTF-8 gives it one.
        if scalar == "\u{130}" { return "i" }
        let mapping = scalar.properties.lowercaseMapping.unicodeScalars
        guard let first = mapping.first, mapping.count == 1 else { return scalar }
        return first
    }
}
