import JSONText
import SyncModel

/// `{column: text|null}`: row values in PostgreSQL's text form, in the order given.
package struct ColumnValues: WireValue {
    package let fields: [ShapeMessage.Field]

    /// Absent values are left out.
    package init(_ fields: [ShapeMessage.Field]) {
        self.fields = fields.filter { $0.value != .absent }
    }

    package init(json: JSON) throws(WireError) {
        fields = try Read.map(Self.value)(json).map { ShapeMessage.Field($0.name, $0.value) }
    }

    static func value(_ json: JSON) throws(WireError) -> Value {
        if json.isNull { return .null }
        guard let string = json.string else {
            throw WireError(problem: "must be null or a string in PostgreSQL's text form")
        }
        guard string.utf8.count <= Limits.value else {
            throw WireError(problem: "must not be longer than \(Limits.value) bytes")
        }
        return .text(Text(string))
    }

    package var json: JSON {
        .object(JSONObject(fields.map { ($0.column, $0.value.json) }))
    }

    package subscript(column: String) -> Value? {
        fields.first { Text($0.column) == Text(column) }?.value
    }

    package var dictionary: [String: Value] {
        Dictionary(fields.map { ($0.column, $0.value) }) { _, last in last }
    }
}

/// `{column: text}`: a whole primary key.
package struct KeyValues: WireValue {
    package let fields: [Field]

    package struct Field: Hashable, Sendable {
        package let column: String
        package let text: Text

        package init(_ column: String, _ text: Text) {
            self.column = column
            self.text = text
        }
    }

    package init(_ fields: [Field]) {
        self.fields = fields
    }

    package init(json: JSON) throws(WireError) {
        fields = try Read.map(Read.string(max: Limits.value))(json).map { Field($0.name, Text($0.value)) }
        guard !fields.isEmpty else { throw WireError(problem: "must name the key columns") }
    }

    package var json: JSON {
        .object(JSONObject(fields.map { ($0.column, .string($0.text.string)) }))
    }

    package var dictionary: [String: Text] {
        Dictionary(fields.map { ($0.column, $0.text) }) { _, last in last }
    }
}

extension Value {
    /// `.absent` has no form of its own on this wire: whoever writes an object leaves it out.
    var json: JSON {
        switch self {
        case .absent, .null: .null
        case .text(let text): .string(text.string)
        }
    }
}
