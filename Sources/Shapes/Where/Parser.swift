import SyncModel

/// Parses a condition by precedence climbing, with PostgreSQL's precedences and its syntax errors.
struct Parser {
    let lexer: Lexer
    let tokens: [Token]
    var index = 0
    private var depth = 0

    /// A subtree and how deep it is: the walkers recurse, so depth is a limit.
    struct Term {
        var syntax: Syntax
        var height = 1
    }

    /// gram.y, from loosest to tightest.
    enum Precedence: Int, Comparable {
        case or = 1, and, not, `is`, comparison, range, otherOperator, sum, product, power, timeZone, collate, sign
        case subscripting, cast

        static func < (left: Precedence, right: Precedence) -> Bool { left.rawValue < right.rawValue }
        var tighter: Precedence { Precedence(rawValue: rawValue + 1) ?? .cast }
    }

    static func parse(_ condition: String) throws(ShapeError) -> Syntax {
        var parser = Parser(lexer: Lexer(condition), tokens: try Lexer.tokens(of: condition))
        let term = try parser.expression(.or)
        try parser.expectEnd()
        return term.syntax
    }

    private init(lexer: Lexer, tokens: [Token]) {
        self.lexer = lexer
        self.tokens = tokens
    }

    var token: Token { tokens[index] }
    var location: Int { token.range.lowerBound }
    var following: Token? { index + 1 < tokens.count ? tokens[index + 1] : nil }

    mutating func advance() {
        if index < tokens.count - 1 { index += 1 }
    }

    mutating func takeWord(_ word: String) -> Bool {
        guard token.isWord(word) else { return false }
        advance()
        return true
    }

    mutating func takePunctuation(_ mark: String) -> Bool {
        guard token.isPunctuation(mark) else { return false }
        advance()
        return true
    }

    mutating func expectPunctuation(_ mark: String) throws(ShapeError) {
        guard takePunctuation(mark) else { throw unexpected() }
    }

    mutating func expectWord(_ word: String) throws(ShapeError) {
        guard takeWord(word) else { throw unexpected() }
    }

    func unexpected() -> ShapeError { lexer.syntaxError(at: token.range) }

    func notSupported(_ what: String, at location: Int) -> ShapeError {
        ShapeError(.notSupported, at: location, "\(what) is not supported yet")
    }

    func term(_ syntax: Syntax, over children: Term...) throws(ShapeError) -> Term {
        try term(syntax, overAll: children)
    }

    func term(_ syntax: Syntax, overAll children: [Term]) throws(ShapeError) -> Term {
        let height = 1 + (children.map(\.height).max() ?? 0)
        guard height <= ShapeLimits.maxConditionDepth else { throw tooDeep }
        return Term(syntax: syntax, height: height)
    }

    var tooDeep: ShapeError {
        ShapeError(
            .tooLarge, "a condition is nested at most \(ShapeLimits.maxConditionDepth) deep: flatten it", field: "where"
        )
    }

    private mutating func expectEnd() throws(ShapeError) {
        if token.kind == .end { return }
        if token.isPunctuation(";") {
            if following?.kind == .end { return }
            throw ShapeError(.badCondition, "unescaped \";\" causing statement split", field: "where")
        }
        let clauses: Set<String> = ["group", "having", "window", "order", "limit", "offset", "fetch", "for", "union"]
        if case .word(let word) = token.kind, clauses.contains(word) {
            throw ShapeError(.badCondition, "malformed query ending with SQL clauses", field: "where")
        }
        throw unexpected()
    }

    /// An expression whose operators bind at least as tightly as `minimum`.
    mutating func expression(_ minimum: Precedence) throws(ShapeError) -> Term {
        depth += 1
        defer { depth -= 1 }
        guard depth <= ShapeLimits.maxConditionDepth else { throw tooDeep }
        var left = try prefix()
        while let precedence = infix(), precedence >= minimum {
            let endsInOperand: Bool
            (left, endsInOperand) = try combine(left, precedence)
            // PostgreSQL's comparisons and tests do not chain: `a = b = c` is an error.
            if endsInOperand, infix() == precedence { throw unexpected() }
        }
        return left
    }

    /// The precedence of the operator at the current token.
    private func infix() -> Precedence? {
        switch token.kind {
        case .word("or"): return .or
        case .word("and"): return .and
        case .word("is"), .word("isnull"), .word("notnull"): return .is
        case .word("between"), .word("in"), .word("like"), .word("ilike"), .word("similar"): return .range
        case .word("not"):
            guard case .word(let next)? = following?.kind else { return nil }
            return ["between", "in", "like", "ilike", "similar"].contains(next) ? .range : nil
        case .word("at"): return .timeZone
        case .word("collate"): return .collate
        case .punctuation("::"): return .cast
        case .punctuation("["): return .subscripting
        case .symbol(let symbol): return Self.precedence(of: symbol)
        case .word, .quotedName, .string, .number, .parameter, .punctuation, .end: return nil
        }
    }

    private static func precedence(of symbol: String) -> Precedence {
        switch symbol {
        case "=", "<>", "<", "<=", ">", ">=": .comparison
        case "+", "-": .sum
        case "*", "/", "%": .product
        case "^": .power
        default: .otherOperator
        }
    }

    /// Also says whether the new term ends in an operand, where a second operator of the kind may not follow.
    private mutating func combine(_ left: Term, _ precedence: Precedence) throws(ShapeError) -> (Term, Bool) {
        switch precedence {
        case .or: return (try chain(left, "or", Precedence.and) { .or($0) }, false)
        case .and: return (try chain(left, "and", Precedence.not) { .and($0) }, false)
        case .is: return try test(left)
        case .comparison: return (try comparison(left), true)
        case .range: return try range(left)
        case .cast: return (try cast(left), false)
        case .otherOperator, .sum, .product, .power: return (try binary(left, precedence), false)
        case .timeZone: return (try timeZone(left), false)
        case .subscripting: return (try subscripts(left), false)
        case .not, .sign, .collate: throw notSupported("the operator \(lexer.spelling(token))", at: location)
        }
    }

    private mutating func chain(
        _ first: Term, _ word: String, _ tighter: Precedence, _ make: ([Syntax]) -> Syntax
    ) throws(ShapeError) -> Term {
        var terms = [first]
        while takeWord(word) { terms.append(try expression(tighter)) }
        return try term(make(terms.map(\.syntax)), overAll: terms)
    }

    private mutating func binary(_ left: Term, _ precedence: Precedence) throws(ShapeError) -> Term {
        guard case .symbol(let symbol) = token.kind else { throw unexpected() }
        let at = location
        advance()
        if let quantified = try quantified(left, symbol, at) { return quantified }
        let right = try expression(precedence.tighter)
        return try term(.binary(symbol, left.syntax, right.syntax, at: at), over: left, right)
    }

    private mutating func comparison(_ left: Term) throws(ShapeError) -> Term {
        guard case .symbol(let symbol) = token.kind, let comparison = Comparison(rawValue: symbol) else {
            throw unexpected()
        }
        let at = location
        advance()
        if let quantified = try quantified(left, symbol, at) { return quantified }
        let right = try expression(Precedence.comparison.tighter)
        return try term(.compare(comparison, left.syntax, right.syntax, at: at), over: left, right)
    }
}

extension Lexer {
    func spelling(_ token: Token) -> String {
        switch token.kind {
        case .word(let text), .symbol(let text), .punctuation(let text): text
        case .quotedName(let text): "\"\(text)\""
        case .string(let text): "'\(text)'"
        case .number(let text): text
        case .parameter(let number): "$\(number)"
        case .end: "end of input"
        }
    }
}
