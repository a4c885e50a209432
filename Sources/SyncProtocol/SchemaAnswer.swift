import JSONText
import SyncModel

/// `GET /v1/schema`: the published tables, and the data model file as it stands.
package struct SchemaAnswer: Hashable, Sendable {
    package let epoch: Epoch
    /// By which answers of the stream name this schema.
    package let tag: String
    package let schema: DatabaseSchema
    package let dataModel: Text?

    package init(epoch: Epoch, tag: String, schema: DatabaseSchema, dataModel: Text?) {
        self.epoch = epoch
        self.tag = tag
        self.schema = schema
        self.dataModel = dataModel
    }
}

extension SchemaAnswer {
    package var body: [UInt8] {
        var json = JSONWriter()
        json.beginObject()
        json.member("protocol", ProtocolVersion.current)
        json.member("epoch", epoch.description)
        json.member("schema", tag)
        schema.writeMembers(to: &json)
        json.member("data_model", dataModel?.string)
        json.endObject()
        return json.bytes
    }

    package init(body: [UInt8]) throws(ServiceError) {
        let answer = try JSON(message: body).object(at: "answer")
        try answer.requireProtocolVersion()
        epoch = try answer.epoch("epoch")
        tag = try answer.text("schema")
        schema = try DatabaseSchema(answer)
        dataModel = try answer.optionalText("data_model").map { Text($0) }
    }
}
