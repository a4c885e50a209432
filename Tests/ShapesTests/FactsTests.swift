import Foundation
import JSONText
import SyncModel
import Testing

@testable import Shapes

/// What PostgreSQL answered, kept in `Facts/*.jsonl` and replayed without it. `Scripts/oracle --facts FILE` writes one.
struct FactsTests {
    private struct Facts {
        var now: Int64 = 0
        var table = TableSchema(name: TableName(name: "t"), columns: [], primaryKey: [])
        var rows: [Row] = []
        var checked = 0
        var values = 0
        var nulls = 0
        var errors = 0
    }

    @Test func evaluatesAsPostgreSQLOnceDid() throws {
        let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("Facts")
        let files = try FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil)
        for file in files.sorted(by: { $0.path < $1.path }) where file.pathExtension == "jsonl" {
            var facts = Facts()
            for line in try String(contentsOf: file, encoding: .utf8).split(separator: "\n") {
                try check(JSON(parsing: String(line)), &facts)
            }
            print("\(file.lastPathComponent): \(facts.checked) facts")
            #expect(facts.values > 1_000 && facts.nulls > 1_000 && facts.errors > 10)
        }
        #expect(!files.isEmpty)
    }

    private func check(_ json: JSON, _ facts: inout Facts) throws {
        let object = try #require(json.object)
        if let columns = object["columns"]?.array {
            facts.now = object["now"]?.int ?? 0
            facts.table = TableSchema(
                name: TableName(name: "t"),
                columns: columns.enumerated().map { index, column in
                    let parts = column.array ?? []
                    let type = ColumnType(
                        parts[1].string ?? "", dimensions: Int(parts[2].int ?? 0),
                        labels: parts.dropFirst(3).compactMap(\.string))
                    return Column(parts[0].string ?? "", number: index + 1, type: type)
                }, primaryKey: ["id"])
        } else if let row = object["row"]?.array {
            facts.rows.append(Row(row.map { Value($0.string) }))
        } else {
            try evaluate(object, &facts)
        }
    }

    private func evaluate(_ object: JSONObject, _ facts: inout Facts) throws {
        let text = try #require(object["expression"]?.string)
        let parameters = (object["parameters"]?.array ?? []).compactMap { $0.string.map { Text($0) } }
        let term = try Term(parsing: text, parameters: parameters, table: facts.table)
        for (index, expected) in try #require(object["is"]?.array).enumerated() {
            facts.checked += 1
            let outcome = term.evaluate(facts.rows[index], in: EvaluationContext(now: facts.now))
            switch (outcome, expected.string) {
            case (.null, nil): facts.nulls += 1
            case (.text(let value), let text?) where text == "=" + value.string: facts.values += 1
            case (.error, "!"): facts.errors += 1
            default: Issue.record("\(text) \(parameters) on row \(index + 1): \(outcome), not \(expected.text)")
            }
        }
    }
}
