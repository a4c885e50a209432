import SyncModel

/// Under which rules a condition is checked, and what that takes.
struct Authority {
    /// Whose sight the condition is confined to, in its sub-selects too.
    var access = ReadAccess.unrestricted
    /// What `auth.NAME` stands for, by NAME; nil: for nothing special.
    var claims: [Text: Text]?
    /// Names of claims that were met, in sub-selects too.
    var usedClaims: Set<Text> = []
    /// A claim was met in the select itself.
    var isPersonal = false
    /// Nothing is worked out beforehand: what claims decide is not known.
    var isUndecided = false
    /// What was taken of rules and claims.
    var grant = ReadGrant()

    /// Of a rule's own condition, which reads everything.
    static func rule(claims: [Text: Text]) -> Authority { Authority(claims: claims) }

    static func user(_ access: ReadAccess) -> Authority { Authority(access: access) }

    /// For a select inside.
    var inner: Authority {
        var inner = self
        inner.isPersonal = false
        return inner
    }

    mutating func add(_ inner: Authority) {
        usedClaims.formUnion(inner.usedClaims)
        grant.add(inner.grant)
    }
}

extension Checker {
    /// `auth.NAME` in a rule; nil for anything else.
    mutating func claim(_ path: [String], _ at: Int) throws(ShapeError) -> Operand? {
        guard let claims = authority.claims, path.count > 1, Text(path[0]) == "auth" else { return nil }
        guard path.count == 2 else {
            throw error(
                at,
                "\(path.joined(separator: ".")): a claim is `auth.NAME`; take parts of it by `auth.NAME::jsonb ->> 'part'`"
            )
        }
        let name = Text(path[1])
        authority.usedClaims.insert(name)
        authority.isPersonal = true
        return .unknown(claims[name], from: .claim, at: at)
    }

    /// The rule of the innermost table, for the person who asks; nil where it restricts nobody.
    ///
    /// MUST come after the condition beside it, whose sub-selects stand first. `alone` has its own only.
    mutating func rule() throws(ShapeError) -> (term: Expression, alone: Predicate)? {
        let table = scopes[0].table
        guard let rule = authority.access.rules[table.name] else {
            guard !authority.access.rules.areNeeded else { throw .withoutRule(table.name) }
            return nil
        }
        guard let condition = rule.condition else { return nil }
        let claims = authority.access.claims
        authority.grant.add(rule, of: table.name)
        var checker = Checker(scopes: [Scope(table)], schema: schema, parameters: [], authority: .rule(claims: claims))
        do throws(ShapeError) {
            let expression = try checker.condition(condition)
            authority.grant.add(checker.authority.usedClaims, of: claims)
            // For this person it restricts nothing.
            if expression == .constant(Constant(type: .bool, value: .bool(true))) { return nil }
            let place = subselects.count
            subselects += checker.subselects
            let alone = Predicate(
                expression: .permitted(expression), table: table, outer: nil, subselects: checker.subselects)
            return (.permitted(expression.movingSubselects(by: place)), alone)
        } catch {
            // Either the claims make it an error, and then nothing is permitted, or it does not fit the database.
            var trial = Checker(scopes: [Scope(table)], schema: schema, parameters: [], authority: .rule(claims: [:]))
            guard (try? trial.condition(condition)) != nil else { throw .brokenRule(table.name) }
            authority.grant.add(trial.authority.usedClaims, of: claims)
            let nothing = Expression.constant(Constant(type: .bool, value: .bool(false)))
            return (nothing, Predicate(expression: nothing, table: table, outer: nil, subselects: []))
        }
    }
}

extension Expression {
    fileprivate func movingSubselects(by count: Int) -> Expression {
        let moved = with(children.map { $0.movingSubselects(by: count) })
        guard case .subselect(let place, let group, let values, let forms) = moved else { return moved }
        return .subselect(place + count, group: group, values: values, forms: forms)
    }
}

extension ShapeError {
    static func withoutRule(_ table: TableName) -> ShapeError {
        ShapeError(
            .notPermitted,
            "\(table) has no read rule: add `\(table.shortName): {read: everyone}`, or a condition in place of everyone, under `permissions:` in the data model",
            field: "table")
    }

    static func brokenRule(_ table: TableName) -> ShapeError {
        ShapeError(
            .notPermitted,
            "the read rule of \(table) does not fit the database any more: mend it in the data model, and start the service again",
            field: "table")
    }
}

extension TableName {
    fileprivate var shortName: String { schema == "public" ? name : description }
}
