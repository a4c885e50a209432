import SeededRandom
import SyncModel

/// People at SQL, who do not know of Satchel.
extension Simulation {
    func sqlWriterActs() {
        if isHealed { return }
        time.schedule(.sqlWriter, in: random.within(8...80))
        writeSQL()
    }

    func writeSQL() {
        // Half of the transactions are small, the others touch several tables.
        let statements = (0..<(random.chance(50) ? 1 : random.within(2...5))).compactMap { _ in plainStatement() }
        let isDone = database.execute(statements)
        count(isDone ? "sql transactions" : "sql transactions refused")
        trace("sql \(statements.count) statements \(isDone)")
    }

    private func plainStatement() -> PlainStatement? {
        let tables = database.schema.tables.map(\.name)
        guard let table = random.pick(ifAnyOf: tables) else { return nil }
        if table == ModelTables.members { return toggleMember() }
        let key = random.pick(ifAnyOf: (database.rows[table] ?? [:]).keys.sorted())
        switch random.weighted([35, 45, 15]) {
        case 0: return table == ModelTables.people ? missingPerson() : randomPlainInsert(into: table)
        case 1: return key.flatMap { plainUpdate(of: $0, in: table) }
        default: return key.map { .delete(table, key: $0) }
        }
    }

    private func plainUpdate(of key: RowKey, in table: TableName) -> PlainStatement? {
        let value = Value("sql \(time.now) \(random.below(1000))")
        switch table {
        case ModelTables.connections, ModelTables.members: return nil
        case ModelTables.comments where random.chance(25): return moved(key)
        case ModelTables.comments where random.chance(30): return .update(table, key: key, ["until": randomUntil()])
        case ModelTables.comments: return .update(table, key: key, ["content": value])
        case _ where random.chance(20) && !extras(of: table).isEmpty:
            return .update(table, key: key, [random.pick(extras(of: table)): value])
        case ModelTables.steps where random.chance(40):
            return .update(table, key: key, ["x": random.chance(20) ? .null : Value("\(random.below(10))")])
        case ModelTables.pipelines where random.chance(30):
            return .update(table, key: key, ["status": random.chance(60) ? "active" : "draft"])
        default: return .update(table, key: key, ["name": value])
        }
    }

    static func person(_ number: Int) -> Text { Text("person-\(number)") }

    /// People are few and come again: shapes ask for them by name.
    private func missingPerson() -> PlainStatement? {
        let there = database.rows[ModelTables.people] ?? [:]
        let missing = (0..<6).map { Value.text(Self.person($0)) }.filter { there[RowKey(values: [$0])] == nil }
        return random.pick(ifAnyOf: missing).map {
            .insert(ModelTables.people, ["id": $0, "name": Value("sql \(random.below(10))")])
        }
    }

    /// Another pipeline's, so that those who may read it are others.
    private func moved(_ key: RowKey) -> PlainStatement? {
        let pipelines = (database.rows[ModelTables.pipelines] ?? [:]).keys.sorted()
        guard let pipeline = random.pick(ifAnyOf: pipelines) else { return nil }
        let id = database.rows[ModelTables.pipelines]?[pipeline]?[0] ?? .null
        return .update(ModelTables.comments, key: key, ["pipeline_id": id])
    }

    /// Soon, so that most of them come within the run.
    func randomUntil() -> Value {
        let microseconds = time.microseconds + Int64(random.within(-5...30)) * 1_000_000
        return random.chance(20) ? .null : .text(SimulatedMoment.text(microseconds))
    }

    /// Somebody gets, or loses, a pipeline.
    private func toggleMember() -> PlainStatement? {
        if random.chance(35), let lost = random.pick(ifAnyOf: (database.rows[ModelTables.members] ?? [:]).keys.sorted())
        {
            return .delete(ModelTables.members, key: lost)
        }
        guard let person = random.pick(ifAnyOf: (database.rows[ModelTables.people] ?? [:]).keys.sorted()),
            let pipeline = random.pick(ifAnyOf: (database.rows[ModelTables.pipelines] ?? [:]).keys.sorted())
        else { return nil }
        let pair = [
            database.rows[ModelTables.pipelines]?[pipeline]?[0], database.rows[ModelTables.people]?[person]?[0],
        ]
        let members = database.rows[ModelTables.members] ?? [:]
        let known = members.keys.sorted().first { key in members[key].map { [$0[1], $0[2]] == pair } ?? false }
        if let known { return .delete(ModelTables.members, key: known) }
        let id = Value("sql-\(time.now)-\(random.below(1_000_000))")
        return .insert(
            ModelTables.members, ["id": id, "pipeline_id": pair[0] ?? .null, "person_id": pair[1] ?? .null])
    }

    func randomPlainInsert(into table: TableName) -> PlainStatement {
        func some(_ parent: TableName) -> Value {
            let key = random.pick(ifAnyOf: (database.rows[parent] ?? [:]).keys.sorted())
            return key.flatMap { database.rows[parent]?[$0]?[0] } ?? "none"
        }
        let id = Value("sql-\(time.now)-\(random.below(1_000_000))")
        let name = Value("sql \(random.below(1000))")
        switch table {
        case ModelTables.pipelines:
            return .insert(table, ["id": id, "name": name, "status": random.chance(60) ? "active" : "draft"])
        case ModelTables.steps:
            let x = Value("\(random.below(10))")
            return .insert(table, ["id": id, "name": name, "pipeline_id": some(ModelTables.pipelines), "x": x])
        case ModelTables.connections:
            let (from, to) = (some(ModelTables.steps), some(ModelTables.steps))
            return .insert(table, ["id": id, "from_step_id": from, "to_step_id": to])
        default:
            let (pipeline, step) = (some(ModelTables.pipelines), some(ModelTables.steps))
            return .insert(
                table,
                ["id": id, "content": name, "pipeline_id": pipeline, "step_id": step, "until": randomUntil()])
        }
    }
}
