import Shapes
import SyncModel

/// What a shape of a run holds, found from scratch and by brute force: no index, no increments, and nothing
/// shared with the shape language or the engine.
struct ShapeContent {
    let shape: SimulatedShape
    let definition: ShapeDefinition

    /// For a person, in the columns of the moment's schema; those that the shape does not select are absent.
    func rows(at moment: History.Moment, for person: Text) -> ModelRows {
        let database = database(at: moment, for: person)
        var content: ModelRows = [:]
        for found in shape.members(database) {
            content[found.table.name, default: [:]][found.key] = selected(found)
        }
        return content
    }

    /// What differs from the rows that its condition fails for, in a sentence; nil where nothing does.
    func difference(of failures: ShapeFailures, at moment: History.Moment, for person: Text) -> String? {
        let failing = shape.failing(database(at: moment, for: person))
        guard failures.count == failing.count else {
            return "\(failures.count) rows are said to fail, \(failing.count) do"
        }
        guard let first = failures.first else { return nil }
        if failing.contains(where: { $0.table.name == first.table && $0.key == first.key }),
            first.message == "division by zero"
        {
            return nil
        }
        return "\(first.table) \(first.key) is said to fail: \(first.message)"
    }

    private func database(at moment: History.Moment, for person: Text) -> PlainDatabase {
        var database = PlainDatabase(moment)
        database.sight = Sight(of: person, in: database)
        return database
    }

    private func selected(_ found: PlainRow) -> Row {
        guard let names = shape.selected[found.table.name] else { return found.row }
        return Row(
            zip(found.table.columns, found.row.values).map { names.contains($0.name) ? $1 : .absent })
    }
}

/// Compares rows that are held in the columns of one schema with those of a moment. Only columns that both have, and
/// that the service knows of, can be compared.
struct RowComparison {
    let held: DatabaseSchema
    let moment: History.Moment

    /// The first difference, in a sentence; nil where there is none.
    func difference(_ found: ModelRows, _ expected: ModelRows) -> String? {
        for table in Set(found.keys).union(expected.keys).sorted() {
            let here = found[table] ?? [:]
            let there = expected[table] ?? [:]
            guard let columns = columns(of: table) else {
                if here == there { continue }
                return first(here, there, of: table)
            }
            let left = here.mapValues { row in Row(columns.map { row[$0.held] }) }
            let right = there.mapValues { row in Row(columns.map { row[$0.moment] }) }
            if left != right { return first(left, right, of: table) }
        }
        return nil
    }

    /// Places in both schemas; nil: they are the same.
    private func columns(of table: TableName) -> [(held: Int, moment: Int)]? {
        guard let held = held[table], let there = moment.schema[table], let catalogue = moment.catalogue[table] else {
            return nil
        }
        if held.columns == there.columns, catalogue.columns == there.columns { return nil }
        var places: [(held: Int, moment: Int)] = []
        for (place, column) in held.columns.enumerated() {
            guard let other = there.index(of: column.name), there.columns[other].number == column.number,
                let known = catalogue.index(of: column.name), catalogue.columns[known].number == column.number
            else { continue }
            places.append((place, other))
        }
        return places
    }

    private func first(_ here: [RowKey: Row], _ there: [RowKey: Row], of table: TableName) -> String? {
        for key in Set(here.keys).union(there.keys).sorted() where here[key] != there[key] {
            return "\(table) \(key): \(Self.text(here[key])) where \(Self.text(there[key])) is right"
        }
        return nil
    }

    private static func text(_ row: Row?) -> String {
        guard let row else { return "nothing" }
        return row.values.map { value in
            switch value {
            case .absent: "-"
            case .null: "null"
            case .text(let text): "'\(text)'"
            }
        }.joined(separator: ",")
    }
}
