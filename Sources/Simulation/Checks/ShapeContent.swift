import Shapes
import SyncModel

/// What a shape holds, evaluated from scratch and by brute force: no index, no increments, nothing shared with
/// the engine but the conditions.
struct ShapeContent {
    let shape: Shape

    /// Rows with the columns that the shape does not select absent.
    func rows(of database: ModelRows) -> ModelRows {
        var members: [[RowKey: Row]] = []
        for node in shape.nodes {
            var found = database[node.table] ?? [:]
            if let predicate = node.predicate { found = found.filter { predicate.evaluate($0.value).isTrue } }
            if let parent = node.parent {
                let wanted = node.links.map { link in
                    Set(members[parent].values.map { row in link.parentColumns.map { row[$0] } })
                }
                found = found.filter { entry in
                    zip(node.links, wanted).contains { link, wanted in
                        let values = link.childColumns.map { entry.value[$0] }
                        return values.allSatisfy { $0.text != nil } && wanted.contains(values)
                    }
                }
            }
            members.append(found)
        }
        var content: ModelRows = [:]
        for table in shape.tables {
            let selection = Set(shape.selection(of: table))
            for node in shape.nodes(of: table) {
                for (key, row) in members[node] {
                    content[table, default: [:]][key] = Row(
                        row.values.indices.map { selection.contains($0) ? row[$0] : .absent })
                }
            }
        }
        return content
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
