import SyncModel

/// A shape that devices ask for, and beside its definition the same said in plain Swift.
struct SimulatedShape: Sendable {
    let name: String
    /// As a client writes it.
    let definition: String
    /// Of tables that are not shown whole.
    var selected: [TableName: Set<String>] = [:]
    /// Tables of which a device ranks the rows by itself, where it has own writes.
    var ranked: [TableName] = []
    /// The rows of the shape, in no order; one may come several times.
    let members: @Sendable (PlainDatabase) -> [PlainRow]
    /// The rows that it leaves out because its condition fails, as `members`.
    var failing: @Sendable (PlainDatabase) -> [PlainRow] = { _ in [] }

    private typealias Tables = ModelTables

    /// Whole tables, which every device holds.
    static let flat = [
        SimulatedShape(name: "pipelines", definition: #"{"root_table": "pipelines"}"#) { $0[Tables.pipelines] },
        SimulatedShape(name: "steps", definition: #"{"root_table": "steps"}"#) { $0[Tables.steps] },
    ]

    static let others = [
        tree, greaterThan, selection, connections, window, windowOfEach, permitted, notIn, junction, nested, lasting,
        over, failing, failingBelow,
    ]

    private static let tree = SimulatedShape(
        name: "tree",
        definition: """
            {"root_table": "pipelines", "where": "status = 'active'", "include": {
                "steps": {"include": {"connections": {"on": "from_step_id"}}}, "comments": true}}
            """
    ) { database in
        let pipelines = database[Tables.pipelines].where("status", in: ["active"])
        let steps = database[Tables.steps].where("pipeline_id", in: pipelines.ids)
        return pipelines + steps + database[Tables.connections].where("from_step_id", in: steps.ids)
            + database[Tables.comments].where("pipeline_id", in: pipelines.ids)
    }

    private static let greaterThan = SimulatedShape(
        name: "condition",
        definition: #"{"root_table": "steps", "where": "x > 4"}"#
    ) { database in
        database[Tables.steps].filter { ($0.x ?? 0) > 4 }
    }

    private static let selection = SimulatedShape(
        name: "selection",
        definition: #"{"root_table": "comments", "select": ["id", "content"]}"#,
        selected: [Tables.comments: ["id", "content"]]
    ) { $0[Tables.comments] }

    private static let connections = SimulatedShape(
        name: "connections", definition: #"{"root_table": "connections"}"#
    ) { $0[Tables.connections] }

    /// One window over a table, whose edge moves with every write.
    private static let window = SimulatedShape(
        name: "window",
        definition: """
            {"root_table": "pipelines", "order_by": "status, name DESC", "limit": 4, "include": {"comments": true}}
            """,
        ranked: [Tables.pipelines]
    ) { database in
        let pipelines = database[Tables.pipelines].first(4) { left, right in
            if left["status"] != right["status"] { return left.text("status") < right.text("status") }
            if left["name"] != right["name"] { return left.text("name") > right.text("name") }
            return left.id < right.id
        }
        return pipelines + database[Tables.comments].where("pipeline_id", in: pipelines.ids)
    }

    /// A window for each parent, with rows below that hang on it by either end.
    private static let windowOfEach = SimulatedShape(
        name: "window for each parent",
        definition: """
            {"root_table": "pipelines", "where": "status = 'active'", "include": {"steps": {
                "order_by": "x DESC NULLS LAST, name", "limit": 2, "include": {
                    "connections": {"where": "from_step_id = steps.id OR to_step_id = steps.id"}}}}}
            """,
        ranked: [Tables.steps]
    ) { database in
        let pipelines = database[Tables.pipelines].where("status", in: ["active"])
        let all = database.grouped(Tables.steps, by: "pipeline_id")
        let steps = pipelines.flatMap { pipeline in
            (all[pipeline.id] ?? []).first(2) { left, right in
                // Nothing is below the smallest number: NULL comes last.
                let (one, other) = (left.x ?? .min, right.x ?? .min)
                if one != other { return one > other }
                return left["name"] != right["name"] ? left.text("name") < right.text("name") : left.id < right.id
            }
        }
        return pipelines + steps + database[Tables.connections].where("from_step_id", in: steps.ids)
            + database[Tables.connections].where("to_step_id", in: steps.ids)
    }

    /// What one person may see: a membership that comes or goes brings or takes whole pipelines.
    private static let permitted = SimulatedShape(
        name: "sub-select",
        definition: """
            {"root_table": "steps", "params": ["person-0"], "include": {"comments": true},
             "where": "pipeline_id IN (SELECT pipeline_id FROM members WHERE person_id = $1)"}
            """
    ) { database in
        let allowed = database[Tables.members].where("person_id", in: ["person-0"]).values("pipeline_id")
        let steps = database[Tables.steps].where("pipeline_id", in: allowed)
        return steps + database[Tables.comments].where("step_id", in: steps.ids)
    }

    /// Three-valued: one comment without a step makes it unknown for every step of its pipeline.
    private static let notIn = SimulatedShape(
        name: "negated sub-select",
        definition: """
            {"root_table": "steps",
             "where": "id NOT IN (SELECT step_id FROM comments WHERE pipeline_id = steps.pipeline_id)"}
            """
    ) { database in
        let comments = database.grouped(Tables.comments, by: "pipeline_id")
        return database[Tables.steps].filter { step in
            (comments[step.text("pipeline_id")] ?? []).allSatisfy { comment in
                comment["step_id"].map { $0 != step.id } ?? false
            }
        }
    }

    /// Many to many, with a window for each parent.
    private static let junction = SimulatedShape(
        name: "junction",
        definition: #"{"root_table": "pipelines", "include": {"people": {"order_by": "name", "limit": 2}}}"#
    ) { database in
        let pipelines = database[Tables.pipelines]
        let members = database.grouped(Tables.members, by: "pipeline_id")
        let people = pipelines.flatMap { pipeline in
            let ids = (members[pipeline.id] ?? []).values("person_id")
            return database[Tables.people].where("id", in: ids).first(2) { left, right in
                left["name"] != right["name"] ? left.text("name") < right.text("name") : left.id < right.id
            }
        }
        return pipelines + people + pipelines.flatMap { members[$0.id] ?? [] }
    }

    /// A sub-select in a sub-select decides what is ranked.
    private static let nested = SimulatedShape(
        name: "nested sub-selects",
        definition: """
            {"root_table": "comments", "params": ["sql 5"], "order_by": "content DESC", "limit": 5,
             "where": "pipeline_id IN (SELECT pipeline_id FROM members WHERE person_id IN (SELECT id FROM people WHERE name < $1))"}
            """
    ) { database in
        let people = database[Tables.people].filter { $0.text("name") < "sql 5" }
        let pipelines = database[Tables.members].where("person_id", in: people.ids).values("pipeline_id")
        return database[Tables.comments].where("pipeline_id", in: pipelines).first(5) { left, right in
            left["content"] != right["content"]
                ? left.text("content") > right.text("content") : left.id < right.id
        }
    }

    /// Time alone takes rows out, with no write anywhere.
    private static let lasting = SimulatedShape(
        name: "time", definition: #"{"root_table": "comments", "where": "until > NOW()"}"#
    ) { database in
        database[Tables.comments].filter { ($0.until ?? .min) > database.now }
    }

    /// Time alone brings rows into a window for each parent.
    private static let over = SimulatedShape(
        name: "window in time",
        definition: """
            {"root_table": "pipelines", "where": "status = 'active'", "include": {"comments": {
                "where": "until <= NOW()", "order_by": "until DESC", "limit": 2}}}
            """
    ) { database in
        let pipelines = database[Tables.pipelines].where("status", in: ["active"])
        let all = database.grouped(Tables.comments, by: "pipeline_id")
        return pipelines
            + pipelines.flatMap { pipeline in
                (all[pipeline.id] ?? []).filter { ($0.until ?? .max) <= database.now }.first(2) { left, right in
                    left["until"] != right["until"]
                        ? left.text("until") > right.text("until") : left.id < right.id
                }
            }
    }
}

extension SimulatedShape {
    /// PostgreSQL divides whole numbers to whole ones, and none by 0. NULL is unknown.
    fileprivate static let failing = SimulatedShape(
        name: "condition that fails", definition: #"{"root_table": "steps", "where": "10 / x > 1"}"#
    ) { database in
        database[ModelTables.steps].filter { step in step.x.map { $0 != 0 && 10 / $0 > 1 } ?? false }
    } failing: { database in
        database[ModelTables.steps].filter { $0.x == 0 }
    }

    /// A row counts while it joins a row of the shape, and while nothing else leaves it out.
    fileprivate static let failingBelow = SimulatedShape(
        name: "condition that fails below",
        definition: """
            {"root_table": "pipelines", "where": "status = 'active'", "include": {"steps": {
                "where": "1 / x >= 0 AND name < 'sql 5'"}}}
            """
    ) { database in
        let pipelines = database[ModelTables.pipelines].where("status", in: ["active"])
        let steps = database[ModelTables.steps].where("pipeline_id", in: pipelines.ids)
        return pipelines + steps.filter { step in (step.x ?? 0) != 0 && step.text("name") < "sql 5" }
    } failing: { database in
        let pipelines = database[ModelTables.pipelines].where("status", in: ["active"])
        return database[ModelTables.steps].where("pipeline_id", in: pipelines.ids)
            .filter { $0.x == 0 && $0.text("name") < "sql 5" }
    }
}

extension PlainRow {
    /// Of a column that is never NULL.
    fileprivate func text(_ column: String) -> Text { self[column] ?? "" }

    fileprivate var x: Int? { self["x"].flatMap { Int($0.string) } }

    /// Microseconds since 1970.
    fileprivate var until: Int64? { self["until"].flatMap(SimulatedMoment.microseconds) }
}
