import SyncModel

/// The right side of LIKE, ILIKE and the regular expression operators, read once.
struct Pattern: Sendable {
    let symbol: String
    let text: Text
    private let matcher: Matcher

    private enum Matcher: Sendable {
        case like(LikePattern)
        case regex(Regex)
    }

    static let symbols = ["~~", "!~~", "~~*", "!~~*", "~", "!~", "~*", "!~*"]

    init(_ symbol: String, _ text: Text) throws(EvaluationError) {
        self.symbol = symbol
        self.text = text
        let ignoresCase = symbol.hasSuffix("*")
        if symbol.contains("~~") {
            matcher = .like(LikePattern(text, ignoresCase: ignoresCase))
        } else {
            matcher = .regex(try Regex(text, ignoresCase: ignoresCase))
        }
    }

    func matches(_ value: Text) throws(EvaluationError) -> Bool {
        let isMatch =
            switch matcher {
            case .like(let pattern): try pattern.matches(value)
            case .regex(let regex): try regex.matches(value)
            }
        return isMatch != symbol.hasPrefix("!")
    }
}

extension Pattern: Hashable {
    static func == (left: Pattern, right: Pattern) -> Bool { left.symbol == right.symbol && left.text == right.text }

    func hash(into hasher: inout Hasher) {
        hasher.combine(symbol)
        hasher.combine(text)
    }
}
