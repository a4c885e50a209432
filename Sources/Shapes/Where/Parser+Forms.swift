import SyncModel

/// Arrays, CASE, and functions with a syntax of their own.
extension Parser {
    /// `operator ANY (…)`, after the operator; nil where it is not that.
    mutating func quantified(_ left: Term, _ symbol: String, _ at: Int) throws(ShapeError) -> Term? {
        guard case .word(let word) = token.kind, ["any", "all", "some"].contains(word),
            following?.isPunctuation("(") == true
        else { return nil }
        advance()
        advance()
        let isAll = word == "all"
        if startsSelect {
            guard symbol == "=" && !isAll || symbol == "<>" && isAll else {
                throw notSupported("\(symbol) \(word.uppercased()) (SELECT …)", at: at)
            }
            let (select, children) = try select()
            try expectPunctuation(")")
            let values = if case .row(let items, _) = left.syntax { items } else { [left.syntax] }
            return try term(.inSelect(values, select, isNegated: isAll, at: at), overAll: [left] + children)
        }
        let array = try expression(.or)
        try expectPunctuation(")")
        return try term(.quantified(symbol, left.syntax, array.syntax, isAll: isAll, at: at), over: left, array)
    }

    mutating func timeZone(_ left: Term) throws(ShapeError) -> Term {
        let at = location
        advance()
        try expectWord("time")
        try expectWord("zone")
        let zone = try expression(Precedence.timeZone.tighter)
        return try term(.function(["timezone"], [zone.syntax, left.syntax], at: at), over: left, zone)
    }

    mutating func subscripts(_ left: Term) throws(ShapeError) -> Term {
        let at = location
        var parts: [Subscript] = []
        var terms = [left]
        while takePunctuation("[") {
            var lower: Term?
            if !token.isPunctuation(":") { lower = try expression(.or) }
            if let lower { terms.append(lower) }
            if takePunctuation(":") {
                var upper: Term?
                if !token.isPunctuation("]") { upper = try expression(.or) }
                if let upper { terms.append(upper) }
                parts.append(.slice(lower?.syntax, upper?.syntax))
            } else if let lower {
                parts.append(.index(lower.syntax))
            }
            try expectPunctuation("]")
        }
        return try term(.subscripts(left.syntax, parts, at: at), overAll: terms)
    }

    mutating func arrayConstructor() throws(ShapeError) -> Term {
        let at = location
        advance()
        if token.isPunctuation("(") { throw notSupported("ARRAY (SELECT …)", at: at) }
        guard token.isPunctuation("[") else { throw unexpected() }
        return try arrayItems(at: at, depth: 1)
    }

    /// Inside, `[…]` alone is an array too.
    private mutating func arrayItems(at: Int, depth: Int) throws(ShapeError) -> Term {
        guard depth <= ShapeLimits.maxConditionDepth else { throw tooDeep }
        try expectPunctuation("[")
        var items: [Term] = []
        if !token.isPunctuation("]") {
            repeat {
                items.append(
                    token.isPunctuation("[") ? try arrayItems(at: location, depth: depth + 1) : try expression(.or))
            } while takePunctuation(",")
        }
        try expectPunctuation("]")
        return try term(.array(items.map(\.syntax), at: at), overAll: items)
    }

    mutating func choice() throws(ShapeError) -> Term {
        let at = location
        advance()
        var terms: [Term] = []
        func keep(_ term: Term) -> Syntax {
            terms.append(term)
            return term.syntax
        }
        let operand = token.isWord("when") ? nil : keep(try expression(.or))
        var branches: [Branch] = []
        while takeWord("when") {
            let condition = keep(try expression(.or))
            try expectWord("then")
            branches.append(Branch(condition: condition, result: keep(try expression(.or))))
        }
        guard !branches.isEmpty else { throw unexpected() }
        let otherwise = takeWord("else") ? keep(try expression(.or)) : nil
        try expectWord("end")
        return try term(.choice(operand, branches, otherwise, at: at), overAll: terms)
    }

    /// SQL's own forms of calls; nil, with nothing read, for any other.
    mutating func specialFunction(_ name: String) throws(ShapeError) -> Term? {
        let at = location
        let start = index
        advance()
        advance()
        let arguments: [Term]?
        var function = name
        switch name {
        case "extract": arguments = try extractArguments()
        case "position": arguments = try positionArguments()
        case "substring": arguments = try substringArguments()
        case "trim": (function, arguments) = try trimArguments()
        case "overlay": throw notSupported("OVERLAY", at: at)
        default: arguments = nil
        }
        guard let arguments else {
            index = start
            return nil
        }
        try expectPunctuation(")")
        return try term(.function([function], arguments.map(\.syntax), at: at), overAll: arguments)
    }

    private mutating func extractArguments() throws(ShapeError) -> [Term] {
        let at = location
        let field: Text
        switch token.kind {
        case .word(let word): field = Text(word)
        case .quotedName(let name): field = Text(name)
        case .string(let text): field = text
        case .number, .parameter, .symbol, .punctuation, .end: throw unexpected()
        }
        advance()
        try expectWord("from")
        return [Term(syntax: .string(field, at: at)), try expression(.or)]
    }

    /// `part IN whole`; the function takes them the other way round.
    private mutating func positionArguments() throws(ShapeError) -> [Term] {
        let part = try expression(Precedence.range.tighter)
        try expectWord("in")
        return [try expression(Precedence.range.tighter), part]
    }

    private mutating func substringArguments() throws(ShapeError) -> [Term]? {
        let text = try expression(.or)
        if token.isWord("similar") { throw notSupported("SUBSTRING … SIMILAR", at: location) }
        var from: Term?
        var count: Term?
        while (from == nil && token.isWord("from")) || (count == nil && token.isWord("for")) {
            if takeWord("from") { from = try expression(.or) } else if takeWord("for") { count = try expression(.or) }
        }
        if from == nil, count == nil { return nil }
        return [text, from ?? Term(syntax: .number("1", at: location))] + (count.map { [$0] } ?? [])
    }

    private mutating func trimArguments() throws(ShapeError) -> (String, [Term]) {
        var function = "btrim"
        if takeWord("leading") {
            function = "ltrim"
        } else if takeWord("trailing") {
            function = "rtrim"
        } else {
            _ = takeWord("both")
        }
        if takeWord("from") { return (function, try list()) }
        let first = try expression(.or)
        guard takeWord("from") else {
            var arguments = [first]
            while takePunctuation(",") { arguments.append(try expression(.or)) }
            return (function, arguments)
        }
        // `characters FROM text`
        return (function, try list() + [first])
    }

    private mutating func list() throws(ShapeError) -> [Term] {
        var items: [Term] = []
        repeat { items.append(try expression(.or)) } while takePunctuation(",")
        return items
    }
}
