import Shapes
import SyncModel

/// What a shape of a run holds, found from scratch and by brute force: no index, no increments, and nothing
/// shared with the shape language or the engine.
struct ShapeContent {
    let shape: SimulatedShape
    let definition: ShapeDefinition
    let schema: DatabaseSchema

    /// Rows with the columns that the shape does not select absent.
    func rows(of database: ModelRows) -> ModelRows {
        var content: ModelRows = [:]
        for found in shape.members(PlainDatabase(rows: database, schema: schema)) {
            content[found.table.name, default: [:]][found.key] = selected(found)
        }
        return content
    }

    private func selected(_ found: PlainRow) -> Row {
        guard let names = shape.selected[found.table.name] else { return found.row }
        return Row(
            zip(found.table.columns, found.row.values).map { names.contains($0.name) ? $1 : .absent })
    }

    /// The first difference, in a sentence; nil where there is none.
    static func difference(_ found: ModelRows, _ expected: ModelRows) -> String? {
        for table in Set(found.keys).union(expected.keys).sorted() {
            let here = found[table] ?? [:]
            let there = expected[table] ?? [:]
            for key in Set(here.keys).union(there.keys).sorted() where here[key] != there[key] {
                return "\(table) \(key): \(text(here[key])) where \(text(there[key])) is right"
            }
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
