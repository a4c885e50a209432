/// Sub-selects: one table, a condition, no more.
extension Parser {
    var startsSelect: Bool { token.isWord("select") || token.isWord("with") }

    /// Reads from `SELECT` up to the closing parenthesis, and gives the terms inside for the limit of depth.
    mutating func select() throws(ShapeError) -> (SelectSyntax, children: [Term]) {
        let at = location
        guard takeWord("select") else { throw notSupported("WITH", at: at) }
        // What is selected twice is in the list as it is once.
        if !takeWord("all"), takeWord("distinct"), token.isWord("on") { throw notSupported("DISTINCT ON", at: at) }
        var items: [Term] = []
        if token.kind == .symbol("*") {
            advance()
        } else if !token.isWord("from") {
            repeat {
                items.append(try expression(.or))
                try outputName()
            } while takePunctuation(",")
        }
        guard takeWord("from") else { throw notSupported("a sub-select without a table", at: at) }
        let table = try tableName()
        let alias = try tableAlias()
        if token.isPunctuation(",") { throw notSupported("a sub-select from several tables", at: location) }
        let condition: Term? = takeWord("where") ? try expression(.or) : nil
        if case .word(let word) = token.kind {
            throw notSupported("\(word.uppercased()) in a sub-select", at: location)
        }
        let syntax = SelectSyntax(
            items: items.map(\.syntax), table: table, alias: alias, condition: condition?.syntax, location: at)
        return (syntax, items + (condition.map { [$0] } ?? []))
    }

    private mutating func outputName() throws(ShapeError) {
        if takeWord("as") { _ = try name() }
    }

    private mutating func tableName() throws(ShapeError) -> [String] {
        if token.isPunctuation("(") { throw notSupported("a sub-select from a sub-select", at: location) }
        var path = [try name()]
        while takePunctuation(".") { path.append(try name()) }
        guard path.count <= 2 else { throw unexpected() }
        return path
    }

    private mutating func tableAlias() throws(ShapeError) -> String? {
        if takeWord("as") { return try name() }
        switch token.kind {
        case .word(let word) where !Keywords.reserved.contains(word) && !Keywords.joins.contains(word):
            return try name()
        case .quotedName: return try name()
        case .word, .string, .number, .parameter, .symbol, .punctuation, .end: return nil
        }
    }

    private mutating func name() throws(ShapeError) -> String {
        switch token.kind {
        case .word(let word) where !Keywords.reserved.contains(word):
            advance()
            return word
        case .quotedName(let name):
            advance()
            return name
        case .word, .string, .number, .parameter, .symbol, .punctuation, .end: throw unexpected()
        }
    }
}

extension Keywords {
    /// Words that go on after a table's name, and are no alias.
    static let joins: Set<String> = ["cross", "full", "inner", "join", "left", "natural", "right", "tablesample"]
}
