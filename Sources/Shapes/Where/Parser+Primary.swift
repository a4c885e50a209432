import SyncModel

/// Prefix operators, literals, names.
extension Parser {
    mutating func prefix() throws(ShapeError) -> Term {
        let at = location
        if takeWord("not") {
            let operand = try expression(.not)
            return try term(.not(operand.syntax, at: at), over: operand)
        }
        guard case .symbol(let symbol) = token.kind else { return try primary() }
        guard symbol == "-" || symbol == "+" else {
            advance()
            let operand = try expression(Precedence.otherOperator.tighter)
            return try term(.prefix(symbol, operand.syntax, at: at), over: operand)
        }
        advance()
        let operand = try expression(.sign)
        // Like PostgreSQL, so that -9223372036854775808 is an integer.
        if symbol == "-", case .number(let text, _) = operand.syntax {
            let negated = text.hasPrefix("-") ? String(text.dropFirst()) : "-" + text
            return Term(syntax: .number(negated, at: at), height: operand.height)
        }
        return try term(.prefix(symbol, operand.syntax, at: at), over: operand)
    }

    private mutating func primary() throws(ShapeError) -> Term {
        let at = location
        switch token.kind {
        case .string(let text):
            advance()
            return Term(syntax: .string(text, at: at))
        case .number(let text):
            advance()
            return Term(syntax: .number(text, at: at))
        case .parameter(let number):
            advance()
            return Term(syntax: .parameter(number, at: at))
        case .punctuation("("): return try parentheses()
        case .word(let word): return try name(word)
        case .quotedName(let name):
            advance()
            return try column(name, at: at)
        case .symbol, .punctuation, .end: throw unexpected()
        }
    }

    private mutating func parentheses() throws(ShapeError) -> Term {
        let at = location
        advance()
        if startsSelect { throw notSupported("a sub-select that stands for a value", at: at) }
        let inner = try expression(.or)
        guard token.isPunctuation(",") else {
            try expectPunctuation(")")
            return inner
        }
        var items = [inner]
        while takePunctuation(",") { items.append(try expression(.or)) }
        try expectPunctuation(")")
        return try term(.row(items.map(\.syntax), at: at), overAll: items)
    }

    private mutating func name(_ word: String) throws(ShapeError) -> Term {
        let at = location
        switch word {
        case "true", "false":
            advance()
            return Term(syntax: .boolean(word == "true", at: at))
        case "null":
            advance()
            return Term(syntax: .null(at: at))
        case "cast": return try castFunction()
        case "case": return try choice()
        case "array": return try arrayConstructor()
        case "exists" where following?.isPunctuation("(") == true:
            advance()
            advance()
            let (select, children) = try select()
            try expectPunctuation(")")
            return try term(.exists(select, at: at), overAll: children)
        case "current_timestamp", "current_date", "localtimestamp":
            advance()
            return Term(syntax: .function([word], [], at: at))
        case _ where Keywords.valueFunctions.contains(word):
            throw ShapeError(.notSupported, at: at, "SQLValueFunction is not supported in this context")
        // Reserved, and functions all the same.
        case "left", "right": guard following?.isPunctuation("(") == true else { throw unexpected() }
        case _ where Keywords.reserved.contains(word): throw unexpected()
        default: break
        }
        if following?.isPunctuation("(") == true, let special = try specialFunction(word) { return special }
        if let literal = try typedLiteral() { return literal }
        advance()
        return try column(word, at: at)
    }

    private mutating func castFunction() throws(ShapeError) -> Term {
        let at = location
        advance()
        try expectPunctuation("(")
        let operand = try expression(.or)
        try expectWord("as")
        let type = try typeReference()
        try expectPunctuation(")")
        return try term(.cast(operand.syntax, type, at: at), over: operand)
    }

    /// `date '2026-02-03'`, `timestamp with time zone '…'`; nil, with nothing read, for anything else.
    private mutating func typedLiteral() throws(ShapeError) -> Term? {
        let start = index
        let at = location
        var ahead = index + 1
        // Only words may stand between, so that a column is never mistaken for a type.
        while case .word = tokens[ahead].kind, ahead < index + 4 { ahead += 1 }
        guard case .string(let text) = tokens[ahead].kind else { return nil }
        let literalLocation = tokens[ahead].range.lowerBound
        guard let type = try? typeReference(), index == ahead else {
            index = start
            return nil
        }
        advance()
        let literal = Term(syntax: .string(text, at: literalLocation))
        return try term(.cast(literal.syntax, type, at: at), over: literal)
    }

    private mutating func column(_ first: String, at: Int) throws(ShapeError) -> Term {
        var path = [first]
        while takePunctuation(".") {
            switch token.kind {
            case .word(let word): path.append(word)
            case .quotedName(let name): path.append(name)
            case .string, .number, .parameter, .symbol, .punctuation, .end: throw unexpected()
            }
            advance()
        }
        guard takePunctuation("(") else { return Term(syntax: .column(path, at: at)) }
        var arguments: [Term] = []
        if !token.isPunctuation(")") {
            repeat { arguments.append(try expression(.or)) } while takePunctuation(",")
        }
        try expectPunctuation(")")
        return try term(.function(path, arguments.map(\.syntax), at: at), overAll: arguments)
    }
}

enum Keywords {
    /// Words that PostgreSQL takes as no column's name unless quoted.
    static let reserved: Set<String> = [
        "all", "analyse", "analyze", "and", "any", "array", "as", "asc", "asymmetric", "authorization", "binary",
        "both", "case", "cast", "check", "collate", "collation", "column", "concurrently", "constraint", "create",
        "cross", "default", "deferrable", "desc", "distinct", "do", "else", "end", "except", "false", "fetch", "for",
        "foreign", "freeze", "from", "full", "grant", "group", "having", "ilike", "in", "initially", "inner",
        "intersect", "into", "is", "isnull", "join", "lateral", "leading", "left", "like", "limit", "natural", "not",
        "notnull", "null", "offset", "on", "only", "or", "order", "outer", "overlaps", "placing", "primary",
        "references", "returning", "right", "select", "similar", "some", "symmetric", "table", "tablesample", "then",
        "to", "trailing", "true", "union", "unique", "using", "variadic", "verbose", "when", "where", "window", "with",
    ]

    /// Reserved words that are calls without parentheses.
    static let valueFunctions: Set<String> = [
        "current_catalog", "current_date", "current_role", "current_schema", "current_time", "current_timestamp",
        "current_user", "localtime", "localtimestamp", "session_user", "user",
    ]
}
