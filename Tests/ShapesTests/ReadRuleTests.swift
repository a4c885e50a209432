import JSONText
import SyncModel
import Testing

@testable import Shapes

/// Read rules inside shapes: where they stand, what claims become, what they keep back.
struct ReadRuleTests {
    private static let teams = TableSchema(
        name: TableName(name: "teams"),
        columns: [
            Column("id", number: 1, type: ColumnType("uuid"), isNotNull: true),
            Column("level", number: 2, type: ColumnType("int4")),
            Column("tags", number: 3, type: ColumnType("text", dimensions: 1)),
        ], primaryKey: ["id"])
    private static let members = TableSchema(
        name: TableName(name: "members"),
        columns: [
            Column("team_id", number: 1, type: ColumnType("uuid"), isNotNull: true),
            Column("person", number: 2, type: ColumnType("int4"), isNotNull: true),
        ], primaryKey: ["team_id", "person"],
        foreignKeys: [ForeignKey("m", columns: ["team_id"], references: teams.name, referencedColumns: ["id"])])
    private static let schema = DatabaseSchema(tables: [teams, members])
    private let id: Value = "0b000000-0000-4000-8000-000000000001"

    private func access(
        _ rules: [String: String], _ claims: [Text: Text] = [:], areNeeded: Bool = false
    ) throws -> ReadAccess {
        var read: [TableName: ReadRule] = [:]
        for (table, rule) in rules {
            read[TableName(table)] = rule == "everyone" ? .everyone : try ReadRule(parsing: Text(rule))
        }
        return ReadAccess(rules: ReadRules(read, areNeeded: areNeeded), claims: claims)
    }

    private func shape(_ condition: String?, _ access: ReadAccess) throws -> Shape {
        try Shape(
            resolving: ShapeDefinition(table: Self.teams.name, where: condition), in: Self.schema, access: access)
    }

    private func truth(_ rule: String, _ claims: [Text: Text], level: Value = "3", tags: Value = .null) throws -> Truth
    {
        let shape = try shape(nil, access(["teams": rule], claims))
        return shape.nodes[0].predicate?.evaluate(Row([id, level, tags])) ?? .true
    }

    @Test func isFoundByTheMembersThatARuleAsksFor() throws {
        let rule = "id IN (SELECT team_id FROM members WHERE person = auth.person)"
        for condition in [nil, "level > 3 OR level IS NULL"] {
            let shape = try shape(condition, access(["teams": rule], ["person": "7"]))
            let members = try #require(shape.nodes[0].predicate?.requiredMembers(orOfRule: true))
            #expect(members.subselect.table == Self.members.name && members.columns == [0])
        }
        let negated = try shape(nil, access(["teams": "NOT \(rule)"], ["person": "7"]))
        #expect(negated.nodes[0].predicate?.requiredMembers(orOfRule: true) == nil)
    }

    @Test func takesClaimsAsTheTypesOfTheirPlaces() throws {
        #expect(try truth("level >= auth.level", ["level": "3"]) == .true)
        #expect(try truth("level >= auth.level", ["level": "4"]) == .false)
        #expect(try truth("id = auth.team", ["team": "0B000000-0000-4000-8000-000000000001"]) == .true)
        #expect(try truth("tags && auth.tags", ["tags": #"{"a","b"}"#], tags: "{b,c}") == .true)
        #expect(try truth("'b' = ANY (auth.tags)", ["tags": #"{"a","b"}"#]) == .true)
        #expect(try truth("(auth.app::jsonb ->> 'role') = 'admin'", ["app": #"{"role":"admin"}"#]) == .true)
        #expect(try truth(#"auth."X-Role" = 'admin'"#, ["X-Role": "admin"]) == .true)
    }

    @Test(arguments: [
        "id = auth.team", "level >= auth.level", "auth.level::int4 > 0", "tags && auth.tags", "level + auth.level > 0",
        "NOT level = auth.level", "level NOT IN (1, auth.level)",
    ])
    func aClaimThatIsMissingOrDoesNotFitIsNull(rule: String) throws {
        #expect(try truth(rule, [:]) == .false)
        #expect(try truth(rule, ["team": "ana", "level": "ana", "tags": "ana"]) == .false)
        #expect(try truth(rule, ["team": "'; --", "level": "3 OR TRUE", "tags": "{"]) == .false)
    }

    @Test func aRuleThatClaimsMakeAnErrorPermitsNothing() throws {
        #expect(try truth("1 / auth.n::int4 = 1 OR level = 3", ["n": "0"]) == .false)
        #expect(try truth("1 / auth.n::int4 = 1 OR level = 3", ["n": "1"]) == .true)
    }

    @Test func nothingIsToldOfARowThatIsKeptBack() throws {
        let rules = try access(["teams": "level > auth.n"], ["n": "5"])
        let divided = try #require(try shape("1 / (level - 3) > 0", rules).nodes[0].predicate)
        #expect(divided.evaluate(Row([id, "3", .null])) == .false)
        #expect(try truth("1 / (level - 3) > 0", [:]) == .false)
        // The asker's own condition fails as ever where the row may be read.
        let open = try #require(try shape("1 / (level - 3) > 0", .unrestricted).nodes[0].predicate)
        #expect(open.evaluate(Row([id, "3", .null])) == .error("division by zero"))
    }

    @Test func standsInEveryNodeAndSubselectButItsOwn() throws {
        let rules = try access(
            [
                "teams": "id IN (SELECT team_id FROM members WHERE person = auth.n)",
                "members": "person = auth.n",
            ], ["n": "7"])
        let definition = try ShapeDefinition(json: [
            "root_table": "teams", "where": "level > 1 AND id NOT IN (SELECT team_id FROM members WHERE person > 2)",
            "include": ["members": true],
        ])
        let shape = try Shape(resolving: definition, in: Self.schema, access: rules)
        let root = try #require(shape.nodes[0].predicate).sql()
        #expect(
            root.text == """
                ((("id" IN (SELECT q1."team_id" FROM "public"."members" AS q1 WHERE (q1."person" = $1::int4))) IS TRUE) \
                AND (("level" > $2::int4) AND (NOT ("id" IN (SELECT q2."team_id" FROM "public"."members" AS q2 WHERE \
                (((q2."person" = $3::int4) IS TRUE) AND (q2."person" > $4::int4)))))))
                """)
        #expect(root.values.compactMap { $0?.string } == ["7", "1", "7", "2"])
        #expect(shape.nodes[1].predicate?.sql().text == #"(("person" = $1::int4) IS TRUE)"#)
        #expect(shape.nodes[1].predicate?.equalities.map(\.value) == ["7"])
    }

    @Test func aTableWithoutARuleIsNotServedWhereRulesAreNeeded() throws {
        let closed = try access(["teams": "everyone"], areNeeded: true)
        #expect(try !shape(nil, closed).grant.isRestricted)
        let inside = #expect(throws: ShapeError.self) { try shape("id IN (SELECT team_id FROM members)", closed) }
        #expect(inside?.code == .notPermitted)
        #expect(inside?.message.contains("`members: {read: everyone}`") == true)
        let definition = try ShapeDefinition(json: ["root_table": "teams", "include": ["members": true]])
        let included = #expect(throws: ShapeError.self) {
            try Shape(resolving: definition, in: Self.schema, access: closed)
        }
        #expect(included?.code == .notPermitted)
    }

    @Test func oneShapeForThosePeopleForWhomTheRulesComeToTheSame() throws {
        let rule = ["teams": "level > auth.level"]
        let ana = try access(rule, ["level": "1", "user_id": "ana"])
        let ben = try access(rule, ["level": "1", "user_id": "ben"])
        let eve = try access(rule, ["level": "2", "user_id": "eve"])
        let grant = try shape(nil, ana).grant
        #expect(try grant == shape(nil, ben).grant)
        #expect(try grant.text != shape(nil, eve).grant.text)
        #expect(grant.isOf(ben) && !grant.isOf(eve))
        #expect(grant.text == #"{"rules":{"public.teams":"level > auth.level"},"claims":{"level":"1"}}"#)
        #expect(try ReadGrant.claims(in: grant.text) == ["level": "1"])
        let changed = try access(["teams": "level >= auth.level"], ["level": "1"])
        #expect(try grant.text != shape(nil, changed).grant.text)
        let lacking = try shape(nil, access(rule)).grant
        #expect(lacking.text == #"{"rules":{"public.teams":"level > auth.level"},"claims":{"level":null}}"#)
        let nobody = try access(rule)
        #expect(!lacking.isOf(ana) && lacking.isOf(nobody))
        #expect(try ReadGrant.claims(in: lacking.text) == [:])
    }

    @Test func claimsAreNothingOutsideOfRules() throws {
        let rules = try access(["teams": "level > auth.level"], ["level": "1"])
        let error = #expect(throws: ShapeError.self) { try shape("level > auth.level", rules) }
        #expect(error?.message == "At location 8: unknown reference auth.level")
    }

    @Test(arguments: [
        ("nothing = 1", "unknown reference nothing"), ("id = 3", "operator overload"), ("level", "boolean"),
        ("id IN (SELECT x FROM nowhere)", "nowhere does not exist"), ("level = $1", "parameter $1 was not provided"),
        ("level > auth.a.b", "a claim is `auth.NAME`"), ("NOW() = '2026-01-01'", "NOW() can stand"),
        ("NOW() = auth.until::timestamptz", "NOW() can stand"),
        ("id IN (SELECT team_id FROM members WHERE NOW() < auth.until::timestamptz)", "NOW() inside a sub-select"),
    ])
    func isCheckedAgainstTheTable(rule: String, message: String) throws {
        let rule = try ReadRule(parsing: Text(rule))
        let error = #expect(throws: ShapeError.self) { try rule.validate(for: Self.teams, in: Self.schema) }
        #expect(error?.message.contains(message) == true, "\(error?.message ?? "")")
    }

    @Test func theRuleOfAJunctionTableStandsInItsNode() throws {
        let tags = TableSchema(
            name: TableName(name: "tags"),
            columns: [Column("id", number: 1, type: ColumnType("int4"), isNotNull: true)],
            primaryKey: ["id"])
        let junction = TableSchema(
            name: TableName(name: "team_tags"),
            columns: [
                Column("team_id", number: 1, type: ColumnType("uuid"), isNotNull: true),
                Column("tag_id", number: 2, type: ColumnType("int4"), isNotNull: true),
                Column("hidden", number: 3, type: ColumnType("bool")),
            ], primaryKey: ["team_id", "tag_id"],
            foreignKeys: [
                ForeignKey("a", columns: ["team_id"], references: Self.teams.name, referencedColumns: ["id"]),
                ForeignKey("b", columns: ["tag_id"], references: tags.name, referencedColumns: ["id"]),
            ])
        let definition = try ShapeDefinition(json: ["root_table": "teams", "include": ["tags": true]])
        let shape = try Shape(
            resolving: definition, in: DatabaseSchema(tables: [Self.teams, tags, junction]),
            access: access(["team_tags": "NOT hidden", "tags": "id < auth.n"], ["n": "7"]))
        #expect(shape.nodes.map(\.table) == [Self.teams.name, junction.name, tags.name])
        #expect(shape.nodes.map { $0.rule != nil } == [false, true, true])
        #expect(shape.nodes[1].predicate?.evaluate(Row([id, "1", "t"])) == .false)
        #expect(shape.nodes[1].predicate?.evaluate(Row([id, "1", "f"])) == .true)
        let closed = try access(["teams": "everyone", "tags": "everyone"], areNeeded: true)
        #expect(throws: ShapeError.self) {
            try Shape(
                resolving: definition, in: DatabaseSchema(tables: [Self.teams, tags, junction]), access: closed)
        }
    }

    @Test func aRuleIsNeverBlamedOnTheCondition() throws {
        let rules = try access(["teams": "NOW() = auth.until::timestamptz"], ["until": "2026-01-01"])
        let error = #expect(throws: ShapeError.self) { try shape("level > 1", rules) }
        #expect(error?.code == .notPermitted && error?.message.contains("the read rule of public.teams") == true)
    }

    @Test func aRuleThatRestrictsAPersonInNothingCostsNothing() throws {
        let rules = try access(
            ["teams": "auth.role = 'admin' OR id IN (SELECT team_id FROM members WHERE person = 1)"],
            ["role": "admin"])
        let all = try shape(nil, rules)
        #expect(all.nodes[0].predicate == nil && all.nodes[0].rule == nil && all.grant.isRestricted)
        let some = try shape("level = 3", rules)
        #expect(some.nodes[0].predicate?.sql().text == #"("level" = $1::int4)"#)
    }

    @Test func aRuleThatNoLongerFitsTheDatabaseClosesItsTable() throws {
        let error = #expect(throws: ShapeError.self) { try shape(nil, access(["teams": "dropped = auth.n"])) }
        #expect(error?.code == .notPermitted)
        #expect(error?.message.contains("public.teams does not fit the database any more") == true)
    }
}
