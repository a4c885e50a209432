import JSONText
import Shapes
import SyncModel

/// `POST /v1/explain`: why a row is, or is not, in a shape.
package struct ExplainRequest: Hashable, Sendable {
    package let definition: ShapeDefinition
    package let table: TableName
    /// By the columns of the table's key, in any order; a table without one is asked for by all its columns.
    package let key: [Explanation.NamedValue]

    package init(definition: ShapeDefinition, table: TableName, key: [Explanation.NamedValue]) {
        self.definition = definition
        self.table = table
        self.key = key
    }
}

extension ExplainRequest {
    package var body: [UInt8] {
        var json = JSONWriter()
        json.beginObject()
        json.member("protocol", ProtocolVersion.current)
        json.key("definition")
        definition.write(to: &json)
        json.member("table", table.description)
        json.key("key")
        json.beginObject()
        for part in key { json.member(part.column, part.value?.string) }
        json.endObject()
        json.endObject()
        return json.bytes
    }

    /// Throws `ServiceError`: what the asker is to be answered.
    package init(body: [UInt8]) throws(ServiceError) {
        let request = try JSON(request: body).object(at: "request", only: ["protocol", "definition", "table", "key"])
        try request.requireProtocolVersion()
        let json = try request.json("definition")
        do throws(ShapeError) {
            definition = try ShapeDefinition(json: json)
        } catch {
            throw .badRequest("request.definition: \(error)")
        }
        let name = try request.text("table")
        guard !name.isEmpty, name.utf8.count <= ProtocolLimits.tableNameBytes else {
            throw .badRequest("request.table: a table's name, schema.table, of 1 to 127 bytes is wanted")
        }
        table = TableName(name)
        let values = try request.object("key").values()
        guard values.count <= ProtocolLimits.columnsPerOperation else {
            throw .tooLarge("the number of columns in request.key", ProtocolLimits.columnsPerOperation)
        }
        key = values.map { Explanation.NamedValue($0, $1.text) }
    }
}

/// Names nobody, so that the answer for a row that may not be read is that for one that there is not.
package struct ExplainAnswer: Hashable, Sendable {
    /// The tx part of the offset that the rows were read at.
    package let position: UInt64
    package let explanation: Explanation

    package init(position: UInt64, explanation: Explanation) {
        self.position = position
        self.explanation = explanation
    }
}

extension ExplainAnswer {
    package var body: [UInt8] {
        var json = JSONWriter()
        json.beginObject()
        json.member("protocol", ProtocolVersion.current)
        json.member("position", String(position))
        json.key("explanation")
        json.value(explanation.json)
        json.endObject()
        return json.bytes
    }

    package init(body: [UInt8]) throws(ServiceError) {
        let answer = try JSON(message: body).object(at: "answer")
        try answer.requireProtocolVersion()
        guard let position = UInt64(try answer.text("position")) else {
            throw answer.wanted("a position", "position")
        }
        guard let explanation = Explanation(json: try answer.json("explanation")) else {
            throw answer.wanted("an explanation", "explanation")
        }
        self.init(position: position, explanation: explanation)
    }
}
