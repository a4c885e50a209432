import JSONText
import SyncModel
import Testing

@testable import Shapes

struct ShapeDefinitionTests {
    private func definition(_ json: String) throws -> ShapeDefinition {
        try ShapeDefinition(json: JSON(parsing: json))
    }

    private func refusal(_ json: String) throws -> ShapeError? {
        let json = try JSON(parsing: json)
        do throws(ShapeError) {
            _ = try ShapeDefinition(json: json)
            return nil
        } catch {
            return error
        }
    }

    @Test(arguments: [
        (#"{"root_table": "pipelines"}"#, #"{"root_table":"public.pipelines"}"#),
        (
            #"{"include": {"b": true, "a": {}, "c": false}, "root_table": "x.y"}"#,
            #"{"root_table":"x.y","include":{"b":true,"a":true}}"#
        ),
        (
            #"{"root_table": "p", "where": "id = $1", "parameters": {"2": "b", "1": 7}, "select": ["id"]}"#,
            #"{"root_table":"public.p","where":"id = $1","select":["id"],"params":["7","b"]}"#
        ),
        (
            #"{"root_table": "p", "params": ["z"], "where": {"a": 1, "b\"c": null, "d": [true, "x"]}}"#,
            #"{"root_table":"public.p","where":"\"a\" = $2 AND \"b\"\"c\" IS NULL AND \"d\" IN ($3, $4)","params":["z","1","true","x"]}"#
        ),
        (
            #"{"root_table": "p", "include": {"q": {"on": "p_id", "where": {"k": "v"}, "include": {"r": {"select": ["id"]}}}}}"#,
            #"{"root_table":"public.p","include":{"q":{"on":"p_id","where":"\"k\" = $1","include":{"r":{"select":["id"]}}}},"params":["v"]}"#
        ),
        (
            #"{"root_table": "p", "limit": 5, "order_by": "A desc nulls first, b ASC NULLS LAST,\"C \" nulls first"}"#,
            #"{"root_table":"public.p","order_by":"a DESC, b, \"C \" NULLS FIRST","limit":5}"#
        ),
        (
            #"{"root_table": "p", "order_by": ["a", "\"desc\" desc"], "limit": null}"#,
            #"{"root_table":"public.p","order_by":"a, \"desc\" DESC"}"#
        ),
        (#"{"root_table": "p", "where": {}, "select": null, "params": null}"#, #"{"root_table":"public.p"}"#),
    ])
    func hasOneCanonicalText(json: String, canonical: String) throws {
        let definition = try definition(json)
        #expect(definition.canonical == canonical)
        #expect(try self.definition(canonical) == definition)
    }

    @Test(arguments: [
        (#"[]"#, nil, ShapeError.Code.badDefinition),
        (#"{}"#, "root_table", .badDefinition),
        (#"{"root_table": "public."}"#, "root_table", .badDefinition),
        (#"{"root_table": "p", "wher": "x"}"#, "wher", .badDefinition),
        (#"{"name": "dashboard"}"#, "name", .notSupported),
        (#"{"root_table": "p", "order_by": "x DOWN"}"#, "order_by", .badDefinition),
        (#"{"root_table": "p", "order_by": "x, "}"#, "order_by", .badDefinition),
        (#"{"root_table": "p", "order_by": "x NULLS"}"#, "order_by", .badDefinition),
        (#"{"root_table": "p", "order_by": ["x", 1]}"#, "order_by", .badDefinition),
        (#"{"root_table": "p", "limit": 0}"#, "limit", .badDefinition),
        (#"{"root_table": "p", "limit": 100001}"#, "limit", .badDefinition),
        (#"{"root_table": "p", "limit": "7"}"#, "limit", .badDefinition),
        (#"{"root_table": "p", "include_all": true}"#, "include_all", .notSupported),
        (#"{"root_table": "p", "include": {"q": {"limit": -1}}}"#, "include.q.limit", .badDefinition),
        (#"{"root_table": "p", "include": {"q": {"root_table": "p"}}}"#, "include.q.root_table", .badDefinition),
        (#"{"root_table": "p", "include": {"q": 1}}"#, "include.q", .badDefinition),
        (#"{"root_table": "p", "include": []}"#, "include", .badDefinition),
        (#"{"root_table": "p", "on": "x"}"#, "on", .badDefinition),
        (#"{"root_table": "p", "select": []}"#, "select", .badDefinition),
        (#"{"root_table": "p", "select": ["a", "a"]}"#, "select", .badDefinition),
        (#"{"root_table": "p", "params": {"2": "x"}}"#, "params", .badParameters),
        (#"{"root_table": "p", "params": "x"}"#, "params", .badParameters),
        (#"{"root_table": "p", "params": [null]}"#, "params", .badParameters),
        (#"{"root_table": "p", "where": {"a": {}}}"#, "where", .badDefinition),
        (#"{"root_table": "p", "where": {"a": []}}"#, "where", .badDefinition),
        (#"{"root_table": "p", "where": "a = '\u0000'"}"#, "where", .badDefinition),
    ])
    func refusesAndNamesTheMember(json: String, field: String?, code: ShapeError.Code) throws {
        let error = try #require(try refusal(json))
        #expect(error.field == field && error.code == code, "\(error)")
    }

    @Test func refusesWhatPassesALimitWithItsFigure() throws {
        var deep = "true"
        for _ in 0..<ShapeLimits.maxDepth { deep = #"{"include": {"q": \#(deep)}}"# }
        #expect(try refusal(#"{"root_table": "p", "include": {"q": \#(deep)}}"#)?.message.contains("16") == true)
        let wide = (0..<ShapeLimits.maxNodes).map { #""t\#($0)": true"# }.joined(separator: ", ")
        #expect(try refusal(#"{"root_table": "p", "include": {\#(wide)}}"#)?.message.contains("128") == true)
        let many = Array(repeating: "1", count: ShapeLimits.maxParameters + 1).joined(separator: ",")
        #expect(try refusal(#"{"root_table": "p", "params": [\#(many)]}"#)?.message.contains("10000") == true)
        let long = String(repeating: "x", count: ShapeLimits.maxConditionLength + 1)
        #expect(try refusal(#"{"root_table": "p", "where": "\#(long)"}"#)?.code == .tooLarge)
        #expect(try refusal(#"{"root_table": "p", "params": ["\#(long)"]}"#)?.code == .tooLarge)
    }

    @Test func tellsNamesApartByTheirBytes() throws {
        #expect(try definition(#"{"root_table": "é"}"#) != definition("{\"root_table\": \"e\u{301}\"}"))
    }
}
