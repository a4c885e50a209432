/// A set of characters: of a bracket expression, a class or one character.
struct RegexSet: Sendable {
    /// POSIX classes, as the C library has them for `C.UTF-8`.
    enum Class: String, Sendable {
        case alnum, alpha, ascii, blank, cntrl, digit, graph, lower, print, punct, space, upper, xdigit, word
    }

    private(set) var ranges: [ClosedRange<UInt32>] = []
    private var classes: [(class: Class, isNegated: Bool)] = []
    var isNegated = false
    /// Where newlines are special, no complement has them.
    var excludesNewline = false

    init() {}

    init(_ scalar: Unicode.Scalar, ignoresCase: Bool) {
        insert(scalar.value...scalar.value, ignoresCase: ignoresCase)
    }

    init(_ kind: Class, isNegated: Bool) {
        classes = [(kind, isNegated)]
    }

    mutating func insert(_ range: ClosedRange<UInt32>, ignoresCase: Bool) {
        ranges.append(range)
        guard ignoresCase else { return }
        for value in range {
            guard let scalar = Unicode.Scalar(value) else { continue }
            for other in [CaseMapping.lowercased(scalar), CaseMapping.uppercased(scalar)] where other != scalar {
                ranges.append(other.value...other.value)
            }
        }
    }

    mutating func insert(_ kind: Class, isNegated: Bool = false, ignoresCase: Bool) {
        let hasCase = kind == .upper || kind == .lower
        classes.append((ignoresCase && hasCase ? .alpha : kind, isNegated))
    }

    func contains(_ scalar: Unicode.Scalar) -> Bool {
        if excludesNewline, scalar == "\n" { return false }
        let isIn =
            ranges.contains { $0.contains(scalar.value) }
            || classes.contains { Self.contains(scalar, $0.class) != $0.isNegated }
        return isIn != isNegated
    }

    static func isWord(_ scalar: Unicode.Scalar) -> Bool { contains(scalar, .word) }

    private static func contains(_ scalar: Unicode.Scalar, _ kind: Class) -> Bool {
        switch kind {
        case .ascii: return scalar.isASCII
        case .digit: return (48...57).contains(scalar.value)
        case .xdigit:
            return (48...57).contains(scalar.value) || (scalar.isASCII && (97...102).contains(scalar.value | 32))
        case .alpha: return isAlpha(scalar)
        case .alnum: return isAlpha(scalar) || (48...57).contains(scalar.value)
        case .word: return isAlpha(scalar) || (48...57).contains(scalar.value) || scalar == "_"
        case .upper: return CaseMapping.lowercased(scalar) != scalar
        case .lower: return CaseMapping.uppercased(scalar) != scalar || scalar == "ß"
        case .blank: return scalar == "\t" || isBreakingSpace(scalar)
        case .space: return (9...13).contains(scalar.value) || isBreakingSpace(scalar) || isSeparator(scalar)
        case .cntrl: return scalar.properties.generalCategory == .control || isSeparator(scalar)
        case .graph: return isGraphic(scalar)
        case .print: return isGraphic(scalar) || isBreakingSpace(scalar)
        case .punct: return isGraphic(scalar) && !isAlpha(scalar) && !(48...57).contains(scalar.value)
        }
    }

    /// Digits of other scripts are letters to the C library.
    private static func isAlpha(_ scalar: Unicode.Scalar) -> Bool {
        if scalar.isASCII { return (97...122).contains(scalar.value | 32) }
        return scalar.properties.isAlphabetic || scalar.properties.generalCategory == .decimalNumber
    }

    private static func isBreakingSpace(_ scalar: Unicode.Scalar) -> Bool {
        scalar.properties.generalCategory == .spaceSeparator && ![0xa0, 0x2007, 0x202f].contains(scalar.value)
    }

    private static func isSeparator(_ scalar: Unicode.Scalar) -> Bool {
        let category = scalar.properties.generalCategory
        return category == .lineSeparator || category == .paragraphSeparator
    }

    private static func isGraphic(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.properties.generalCategory {
        case .control, .unassigned, .surrogate, .lineSeparator, .paragraphSeparator: false
        case .spaceSeparator: !isBreakingSpace(scalar)
        default: true
        }
    }
}

indirect enum RegexNode: Sendable {
    enum Assertion: Sendable {
        case lineStart, lineEnd, textStart, textEnd, wordStart, wordEnd, wordBoundary, noWordBoundary
    }

    case empty
    case set(RegexSet)
    case assertion(Assertion)
    case sequence([RegexNode])
    case alternatives([RegexNode])
    /// Greedy or not makes no difference to whether there is a match.
    case repeated(RegexNode, least: Int, most: Int?)
}
