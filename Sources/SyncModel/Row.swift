/// A row: one value for each column of its `TableSchema`, by position.
package struct Row: Hashable, Sendable {
    package var values: [Value]

    package init(_ values: [Value]) {
        self.values = values
    }

    package subscript(index: Int) -> Value {
        get { values[index] }
        set { values[index] = newValue }
    }

    /// About how many bytes it takes in memory.
    package var byteCount: Int {
        values.reduce(32) { $0 + 16 + ($1.text?.string.utf8.count ?? 0) }
    }

    /// The row's key. Key columns MUST be present and not NULL, except in a table without a primary key,
    /// where all columns sorted by name are the key and NULL is written `_` (Electric's rule).
    package func key(in schema: TableSchema) -> RowKey {
        if schema.primaryKey.isEmpty {
            let sorted = schema.columns.indices.sorted {
                Text(schema.columns[$0].name) < Text(schema.columns[$1].name)
            }
            return RowKey(values: sorted.map { values[$0] })
        }
        return RowKey(values: schema.keyIndexes.map { values[$0] })
    }
}

/// A row's primary key, in the form that Electric's wire gives it after the relation: `"1"/"a//b"`.
///
/// The bookkeeping in PostgreSQL computes the same text, so a clock row finds its row by it.
package struct RowKey: Hashable, Comparable, Sendable {
    package let text: Text

    package init(text: Text) {
        self.text = text
    }

    package init(values: [Value]) {
        var key = ""
        for (index, value) in values.enumerated() {
            if index > 0 { key += "/" }
            Self.write(value, to: &key)
        }
        text = Text(key)
    }

    private static func write(_ value: Value, to key: inout String) {
        guard let text = value.text else {
            key += "_"
            return
        }
        key += "\""
        if text.string.utf8.contains(UInt8(ascii: "/")) {
            for character in text.string.unicodeScalars {
                key.unicodeScalars.append(character)
                if character == "/" { key.unicodeScalars.append(character) }
            }
        } else {
            key += text.string
        }
        key += "\""
    }

    package static func < (left: RowKey, right: RowKey) -> Bool { left.text < right.text }
}

extension RowKey: CustomStringConvertible {
    package var description: String { text.string }
}

extension TableName {
    /// The key of a message on Electric's wire: `"public"."steps"/"1"`; dots and slashes of names doubled.
    package func messageKey(_ key: RowKey) -> String {
        func quoted(_ name: String) -> String {
            var escaped = ""
            for character in name.unicodeScalars {
                escaped.unicodeScalars.append(character)
                if character == "." || character == "/" { escaped.unicodeScalars.append(character) }
            }
            return "\"\(escaped)\""
        }
        return "\(quoted(schema)).\(quoted(name))/\(key)"
    }
}
