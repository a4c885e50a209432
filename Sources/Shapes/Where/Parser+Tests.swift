import SyncModel

/// `IS …`, `BETWEEN`, `IN`, `LIKE`, casts.
extension Parser {
    mutating func test(_ operand: Term) throws(ShapeError) -> (Term, endsInOperand: Bool) {
        let at = location
        if takeWord("isnull") { return (try isNull(operand, isNegated: false, at: at), false) }
        if takeWord("notnull") { return (try isNull(operand, isNegated: true, at: at), false) }
        advance()
        let isNegated = takeWord("not")
        if takeWord("null") { return (try isNull(operand, isNegated: isNegated, at: at), false) }
        if takeWord("distinct") {
            try expectWord("from")
            let right = try expression(Precedence.is.tighter)
            let syntax = Syntax.distinct(operand.syntax, right.syntax, isNegated: isNegated, at: at)
            return (try term(syntax, over: operand, right), true)
        }
        let test: BooleanTest
        if takeWord("true") {
            test = isNegated ? .isNotTrue : .isTrue
        } else if takeWord("false") {
            test = isNegated ? .isNotFalse : .isFalse
        } else if takeWord("unknown") {
            test = isNegated ? .isNotUnknown : .isUnknown
        } else {
            throw unexpected()
        }
        return (try term(.test(operand.syntax, test, at: at), over: operand), false)
    }

    private func isNull(_ operand: Term, isNegated: Bool, at: Int) throws(ShapeError) -> Term {
        try term(.isNull(operand.syntax, isNegated: isNegated, at: at), over: operand)
    }

    mutating func range(_ operand: Term) throws(ShapeError) -> (Term, endsInOperand: Bool) {
        let at = location
        let isNegated = takeWord("not")
        if takeWord("in") { return (try list(operand, isNegated: isNegated, at: at), false) }
        if takeWord("between") { return (try between(operand, isNegated: isNegated, at: at), true) }
        if token.isWord("similar") { throw notSupported("SIMILAR TO", at: at) }
        let symbol = (isNegated ? "!" : "") + (token.isWord("ilike") ? "~~*" : "~~")
        advance()
        if let quantified = try quantified(operand, symbol, at) { return (quantified, false) }
        let pattern = try expression(Precedence.range.tighter)
        guard takeWord("escape") else {
            return (try term(.binary(symbol, operand.syntax, pattern.syntax, at: at), over: operand, pattern), true)
        }
        let escape = try expression(Precedence.range.tighter)
        let escaped = Syntax.function(["like_escape"], [pattern.syntax, escape.syntax], at: at)
        return (try term(.binary(symbol, operand.syntax, escaped, at: at), over: operand, pattern, escape), true)
    }

    private mutating func list(_ operand: Term, isNegated: Bool, at: Int) throws(ShapeError) -> Term {
        try expectPunctuation("(")
        if startsSelect {
            let (select, children) = try select()
            try expectPunctuation(")")
            let values = if case .row(let items, _) = operand.syntax { items } else { [operand.syntax] }
            let syntax = Syntax.inSelect(values, select, isNegated: isNegated, at: at)
            return try term(syntax, overAll: [operand] + children)
        }
        var items: [Term] = []
        repeat { items.append(try expression(.or)) } while takePunctuation(",")
        try expectPunctuation(")")
        let syntax = Syntax.oneOf(operand.syntax, items.map(\.syntax), isNegated: isNegated, at: at)
        return try term(syntax, overAll: [operand] + items)
    }

    private mutating func between(_ operand: Term, isNegated: Bool, at: Int) throws(ShapeError) -> Term {
        let isSymmetric = takeWord("symmetric")
        if !isSymmetric { _ = takeWord("asymmetric") }
        let low = try expression(Precedence.range.tighter)
        try expectWord("and")
        let high = try expression(Precedence.range.tighter)
        let syntax = Syntax.between(
            operand.syntax, low.syntax, high.syntax, isNegated: isNegated, isSymmetric: isSymmetric, at: at)
        return try term(syntax, over: operand, low, high)
    }

    mutating func cast(_ operand: Term) throws(ShapeError) -> Term {
        let at = location
        advance()
        let type = try typeReference()
        return try term(.cast(operand.syntax, type, at: at), over: operand)
    }

    /// A type's name, SQL's own spellings included.
    mutating func typeReference() throws(ShapeError) -> TypeReference {
        let at = location
        var name: String
        switch token.kind {
        case .word(let word) where !Keywords.reserved.contains(word): name = word
        case .quotedName(let quoted):
            advance()
            var reference = TypeReference(name: quoted, location: at)
            try arrayMark(&reference)
            return reference
        case .word, .string, .number, .parameter, .symbol, .punctuation, .end: throw unexpected()
        }
        advance()
        if name == "pg_catalog", takePunctuation(".") {
            guard case .word(let word) = token.kind else { throw unexpected() }
            name = word
            advance()
        } else {
            name = try standardName(name)
        }
        var reference = TypeReference(name: name, location: at)
        if takePunctuation("(") {
            repeat { reference.modifiers.append(try modifier()) } while takePunctuation(",")
            try expectPunctuation(")")
        }
        // `timestamp(3) with time zone`
        if name == "timestamp" || name == "time", let zoned = try zone(name) {
            reference = TypeReference(name: zoned, modifiers: reference.modifiers, location: at)
        }
        try arrayMark(&reference)
        return reference
    }

    private mutating func modifier() throws(ShapeError) -> Int {
        guard case .number(let text) = token.kind, let value = Int32(text) else { throw unexpected() }
        advance()
        return Int(value)
    }

    /// `with time zone`, `without time zone`; nil where neither follows.
    private mutating func zone(_ name: String) throws(ShapeError) -> String? {
        let isWith = token.isWord("with")
        guard isWith || token.isWord("without") else { return nil }
        advance()
        try expectWord("time")
        try expectWord("zone")
        return isWith ? name + "tz" : name
    }

    /// `[]`, as often as wished: PostgreSQL does not count dimensions.
    private mutating func arrayMark(_ reference: inout TypeReference) throws(ShapeError) {
        while token.isPunctuation("["), case .punctuation("]")? = following?.kind {
            advance()
            advance()
            reference.isArray = true
        }
    }

    private mutating func standardName(_ word: String) throws(ShapeError) -> String {
        switch word {
        case "int", "integer": return "int4"
        case "smallint": return "int2"
        case "bigint": return "int8"
        case "real": return "float4"
        case "float": return "float8"
        case "decimal", "dec": return "numeric"
        case "boolean": return "bool"
        case "double":
            try expectWord("precision")
            return "float8"
        case "character":
            return takeWord("varying") ? "varchar" : "character"
        case "char", "nchar": return takeWord("varying") ? "varchar" : "character"
        default: return word
        }
    }
}
