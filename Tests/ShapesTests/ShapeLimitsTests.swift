import Foundation
import JSONText
import SyncModel
import Testing

@testable import Shapes

/// Each limit of a definition: its figure is taken, one more is refused by name and figure.
@Suite struct ShapeLimitsTests {
    private func refusal(_ json: String) throws -> ShapeError? {
        let json = try JSON(parsing: json)
        do throws(ShapeError) {
            _ = try ShapeDefinition(json: json)
            return nil
        } catch {
            return error
        }
    }

    private func list(_ count: Int, _ item: (Int) -> String) -> String { (0..<count).map(item).joined(separator: ", ") }

    private func expect(
        _ message: String, _ limit: Int, _ field: String? = nil, _ json: (Int) -> String,
        sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        #expect(try refusal(json(limit)) == nil, sourceLocation: sourceLocation)
        let error = try #require(try refusal(json(limit + 1)), sourceLocation: sourceLocation)
        #expect(error.code == .tooLarge && error.message == message, "\(error)", sourceLocation: sourceLocation)
        if let field { #expect(error.field == field, sourceLocation: sourceLocation) }
    }

    @Test func aTreeHasSoManyNodesAndLevels() throws {
        try expect("includes are nested at most 16 deep", ShapeLimits.maxDepth) { depth in
            let deep = (1..<depth).reduce("true") { json, _ in
                json == "true" ? #"{"include": {"q": true}}"# : #"{"include": {"q": \#(json)}}"#
            }
            return deep.replacing(#"{"include""#, with: #"{"root_table": "p", "include""#, maxReplacements: 1)
        }
        try expect("a shape has at most 128 tables in its tree", ShapeLimits.maxNodes) { nodes in
            #"{"root_table": "p", "include": {\#(list(nodes - 1) { #""t\#($0)": true"# })}}"#
        }
    }

    @Test func aConditionAndItsParametersAreSoLong() throws {
        let tooLong = "is bigger than maximum size: at most 65536 bytes"
        try expect("a condition \(tooLong)", ShapeLimits.maxConditionLength, "where") {
            #"{"root_table": "p", "where": "\#(String(repeating: "x", count: $0))"}"#
        }
        try expect("a parameter \(tooLong)", ShapeLimits.maxParameterLength, "params") {
            #"{"root_table": "p", "where": "a = $1", "params": ["\#(String(repeating: "x", count: $0))"]}"#
        }
        try expect("a shape takes at most 10000 parameters", ShapeLimits.maxParameters, "params") {
            #"{"root_table": "p", "where": "a", "params": [\#(list($0) { "\($0)" })]}"#
        }
    }

    @Test func aNodeNamesSoManyColumns() throws {
        try expect("at most 1600 columns can be selected", ShapeLimits.maxSelected, "select") {
            #"{"root_table": "p", "select": [\#(list($0) { #""c\#($0)""# })]}"#
        }
        try expect("`order_by` takes at most 32 columns", ShapeLimits.maxOrderKeys, "order_by") {
            #"{"root_table": "p", "limit": 1, "order_by": [\#(list($0) { #""c\#($0)""# })]}"#
        }
        try expect("a column's name is bigger than maximum size: at most 256 bytes", ShapeLimits.maxNameLength) {
            #"{"root_table": "p", "select": ["\#(String(repeating: "c", count: $0))"]}"#
        }
        #expect(try refusal(#"{"root_table": "p", "limit": 100000}"#) == nil)
        let limit = try refusal(#"{"root_table": "p", "limit": 100001}"#)
        #expect(limit?.message == "`limit` is a whole number from 1 to 100000" && limit?.field == "limit")
    }

    @Test func aConditionIsSoDeep() throws {
        let table = TableSchema(
            name: TableName("p"), columns: [Column("a", number: 1, type: ColumnType("bool"))], primaryKey: ["a"])
        func refusal(_ condition: String) -> ShapeError? {
            do throws(ShapeError) {
                _ = try Predicate(parsing: condition, table: table, schema: DatabaseSchema(tables: [table]))
                return nil
            } catch {
                return error
            }
        }
        func nested(_ depth: Int) -> String {
            String(repeating: "(", count: depth) + "a" + String(repeating: ")", count: depth)
        }
        // The column is one level itself.
        #expect(refusal(nested(ShapeLimits.maxConditionDepth - 1)) == nil)
        let deep = refusal(nested(ShapeLimits.maxConditionDepth))
        #expect(deep?.code == .tooLarge && deep?.message == "a condition is nested at most 64 deep: flatten it")
        func subselects(_ count: Int) -> String {
            Array(repeating: "a IN (SELECT a FROM p)", count: count).joined(separator: " AND ")
        }
        #expect(refusal(subselects(ShapeLimits.maxSubselects)) == nil)
        let many = refusal(subselects(ShapeLimits.maxSubselects + 1))
        #expect(many?.code == .tooLarge && many?.message == "a condition has at most 64 sub-selects")
    }

    /// The table of `Protocol/shapes.md` has the figures of the code.
    @Test func theProseHasTheSameFigures() throws {
        let file = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../Protocol/shapes.md")
        let prose = try String(contentsOf: file, encoding: .utf8)
        func spaced(_ number: Int) -> String {
            let digits = String(number)
            return digits.count < 4 ? digits : digits.dropLast(3) + " " + digits.suffix(3)
        }
        for (what, figure) in [
            ("a condition, a parameter", ShapeLimits.maxConditionLength), ("parameters", ShapeLimits.maxParameters),
            ("sub-selects of a condition, at each level", ShapeLimits.maxSubselects),
            ("depth of a condition", ShapeLimits.maxConditionDepth),
            ("depth of includes, the root counted", ShapeLimits.maxDepth), ("nodes", ShapeLimits.maxNodes),
            ("selected columns of a node", ShapeLimits.maxSelected),
            ("columns of an `order_by`", ShapeLimits.maxOrderKeys), ("`limit`", ShapeLimits.maxWindow),
            ("ways to join of an explicit condition", ShapeLimits.maxLinks), ("a name", ShapeLimits.maxNameLength),
        ] {
            #expect(prose.contains("| \(what) | \(spaced(figure))"), "\(what)")
        }
        #expect(ShapeLimits.maxParameterLength == ShapeLimits.maxConditionLength)
    }
}
