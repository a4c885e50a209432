import SeededRandom
import SyncModel

/// Statements as chance makes them. One that PostgreSQL refuses does nothing.
struct EngineTransactions {
    let tables: EngineTables

    enum Kind: String, CaseIterable {
        case insert, update, updateReference, updateKey, updateMany, delete, deleteMany
    }

    private static let ids = 9

    /// One transaction. A statement that PostgreSQL refuses does nothing.
    func script(statements: Int, only kind: Kind? = nil, _ random: inout SeededGenerator) -> String {
        var script = "BEGIN;"
        for _ in 0..<statements {
            // Rows come in by one way and go by many, cascades among them.
            let some = random.once(in: 2) ? .insert : random.pick(Kind.allCases)
            let table = Int.random(in: tables.tables.indices, using: &random)
            let statement = statement(kind ?? some, on: table, &random)
            script += "SELECT attempt($statement$\(statement)$statement$);"
        }
        return script + "COMMIT"
    }

    func statement(_ kind: Kind, on index: Int, _ random: inout SeededGenerator) -> String {
        let table = tables[index]
        switch kind {
        case .insert:
            let values = table.columns.map { value($0, table, &random) }
            return "INSERT INTO \(table.name) (\(table.columns.map(\.name).joined(separator: ", "))) "
                + "VALUES (\(values.joined(separator: ", "))) ON CONFLICT DO NOTHING"
        case .update, .updateMany:
            let columns = table.columns.shuffled(using: &random).prefix(random.once(in: 2) ? 1 : 2)
            let others = columns.filter { !table.key.contains($0.name) }
            let filter = kind == .update ? one(table, &random) : many(table, &random)
            return update(table, others.isEmpty ? Array(columns) : others, filter, &random)
        case .updateReference:
            let columns = random.pick(table.references).columns
            return update(table, table.columns.filter { columns.contains($0.name) }, one(table, &random), &random)
        case .updateKey:
            return update(
                table, table.columns.filter { table.key.contains($0.name) }, one(table, &random), &random)
        case .delete: return "DELETE FROM \(table.name) WHERE \(one(table, &random))"
        case .deleteMany: return "DELETE FROM \(table.name) WHERE \(many(table, &random))"
        }
    }

    private func update(
        _ table: EngineTable, _ columns: [EngineColumn], _ filter: String, _ random: inout SeededGenerator
    ) -> String {
        let settings = columns.map { "\($0.name) = \(value($0, table, &random))" }
        return "UPDATE \(table.name) SET \(settings.joined(separator: ", ")) WHERE \(filter)"
    }

    /// A row, whichever there is.
    private func one(_ table: EngineTable, _ random: inout SeededGenerator) -> String {
        let salt = Int.random(in: 0..<1000, using: &random)
        return "number = (SELECT number FROM \(table.name) ORDER BY number * 7919 % \(1009 + salt), number LIMIT 1)"
    }

    private func many(_ table: EngineTable, _ random: inout SeededGenerator) -> String {
        let column = random.pick(table.columns)
        return "\(column.name) = \(value(column, table, &random))"
    }

    private func value(_ column: EngineColumn, _ table: EngineTable, _ random: inout SeededGenerator) -> String {
        let isKey = table.key.contains(column.name)
        guard let reference = table.references.first(where: { $0.columns.contains(column.name) }) else {
            if isKey { return id(column, &random) }
            return random.once(in: 6) ? "NULL" : random.pick(column.kind.values)
        }
        if !isKey, random.once(in: 6) { return "NULL" }
        guard tables.isEnforced, !random.once(in: 8) else { return id(column, &random) }
        return existing(column, reference, &random)
    }

    /// Of a row that there is. The parts of a key of two columns often come from the same.
    private func existing(
        _ column: EngineColumn, _ reference: EngineReference, _ random: inout SeededGenerator
    ) -> String {
        let place = reference.columns.firstIndex(of: column.name) ?? 0
        let choice = Int.random(in: 0..<(reference.columns.count > 1 ? 3 : 8), using: &random)
        return "(SELECT \(reference.referenced[place]) FROM \(tables[reference.table].name) "
            + "ORDER BY number * 7919 % \(1009 + choice), number LIMIT 1)"
    }

    /// Keys and what refers to them are from few values; parts of keys of two columns from fewer.
    private func id(_ column: EngineColumn, _ random: inout SeededGenerator) -> String {
        let isPart = column.name.hasSuffix("k1") || column.name.hasSuffix("k2")
        let number = Int.random(in: 1...(isPart ? 3 : Self.ids), using: &random)
        return column.kind == .int
            ? "\(number)" : "'\(["a", "B/c", "é", "d e", "f", "", "g\"h", "i", "ä"][number - 1])'"
    }
}
