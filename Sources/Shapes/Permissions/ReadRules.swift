import SyncModel

/// Who may read a table's rows: everyone, or those for whom a condition is true.
///
/// In the condition `auth.NAME` is a claim of the person who asks: a literal without a type of its own, which takes
/// the type of the place where it stands. A claim that the person lacks, or that does not fit there, is NULL. The
/// condition is trusted: its sub-selects read their tables without rules.
package struct ReadRule: Hashable, Sendable {
    /// As written; `everyone` for no restriction.
    package let text: Text
    /// nil: everyone.
    let condition: Syntax?

    package static let everyone = ReadRule(text: "everyone", condition: nil)

    private init(text: Text, condition: Syntax?) {
        self.text = text
        self.condition = condition
    }

    package init(parsing text: Text) throws(ShapeError) {
        guard text.string.utf8.count <= ShapeLimits.maxConditionLength else {
            throw .tooLong("a rule", limit: ShapeLimits.maxConditionLength, field: "where")
        }
        self.init(text: text, condition: try Parser.parse(text.string))
    }

    package var isEveryone: Bool { condition == nil }

    /// Throws what keeps the rule from being applied to this table: columns, tables, types.
    package func validate(for table: TableSchema, in schema: DatabaseSchema) throws(ShapeError) {
        guard let condition else { return }
        _ = try check(condition, .rule(claims: [:]), for: table, in: schema)
        var undecided = Authority.rule(claims: [:])
        // With NULL for the claims, what asks for the time might not be left.
        undecided.isUndecided = true
        try check(condition, undecided, for: table, in: schema).checkTime()
    }

    private func check(
        _ condition: Syntax, _ authority: Authority, for table: TableSchema, in schema: DatabaseSchema
    ) throws(ShapeError) -> Predicate {
        var checker = Checker(
            scopes: [Checker.Scope(table)], schema: schema, parameters: [], authority: authority)
        let expression = try checker.condition(condition)
        return Predicate(expression: expression, table: table, outer: nil, subselects: checker.subselects)
    }
}

/// The read rules of all tables.
package struct ReadRules: Hashable, Sendable {
    private let rules: [TableName: ReadRule]
    /// A table without a rule is not served to anybody.
    package let areNeeded: Bool

    /// Everybody may read everything.
    package static let none = ReadRules([:], areNeeded: false)

    package init(_ rules: [TableName: ReadRule], areNeeded: Bool) {
        self.rules = rules
        self.areNeeded = areNeeded
    }

    package subscript(table: TableName) -> ReadRule? { rules[table] }
}

/// What one person may read.
package struct ReadAccess: Hashable, Sendable {
    package let rules: ReadRules
    /// In the text form of the type that they are used as.
    package let claims: [Text: Text]

    package static let unrestricted = ReadAccess(rules: .none, claims: [:])

    package init(rules: ReadRules, claims: [Text: Text]) {
        self.rules = rules
        self.claims = claims
    }
}

extension Predicate {
    /// What the engine cannot keep live is refused.
    func checkTime() throws(ShapeError) {
        guard asksTimeInComparisonsOnly else {
            throw ShapeError(
                .notSupported,
                "NOW() can stand on one side of `<`, `<=`, `>` or `>=` only, so that it is known when each row comes and goes",
                field: "where")
        }
        guard !subselects.contains(where: \.usesNow) else {
            throw ShapeError(.notSupported, "NOW() inside a sub-select is not supported yet", field: "where")
        }
    }
}
