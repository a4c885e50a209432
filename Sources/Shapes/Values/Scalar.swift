import SyncModel

/// A value that is not NULL, in the form that compares by value.
enum Scalar: Hashable, Sendable {
    case bool(Bool)
    /// int2, int4 and int8.
    case integer(Int64)
    /// float4 (already rounded to it) and float8.
    case float(FloatValue)
    case numeric(Decimal)
    /// text, varchar, bpchar (without trailing spaces) and opaque types (PostgreSQL's text).
    case text(Text)
    case uuid(UInt64, UInt64)
    /// Days since 2000-01-01; `Int64.min` and `.max` are the infinities.
    case date(Int64)
    /// Microseconds since 2000-01-01 00:00 (UTC for timestamptz); `Int64.min` and `.max` are the infinities.
    case timestamp(Int64)
    /// The label's place in its type.
    case label(Int)
}

/// Evaluation of one row failed, as PostgreSQL would with an error.
struct EvaluationError: Error, Hashable, Sendable {
    /// In PostgreSQL's words.
    let message: String
}

extension Scalar {
    /// Reads PostgreSQL's input syntax of a type; nil where PostgreSQL reports an error, and for inputs
    /// that depend on the time or on settings (`now`, `tomorrow`, month names).
    init?(parsing text: Text, as type: SQLType) {
        let string = text.string
        switch type {
        case .bool:
            guard let value = BooleanSyntax.parse(string) else { return nil }
            self = .bool(value)
        case .int2:
            guard let value = NumberSyntax.integer(string), Int16(exactly: value) != nil else { return nil }
            self = .integer(value)
        case .int4:
            guard let value = NumberSyntax.integer(string), Int32(exactly: value) != nil else { return nil }
            self = .integer(value)
        case .int8:
            guard let value = NumberSyntax.integer(string) else { return nil }
            self = .integer(value)
        case .float4:
            guard let value = NumberSyntax.float4(string) else { return nil }
            self = .float(FloatValue(Double(value)))
        case .float8:
            guard let value = NumberSyntax.float8(string) else { return nil }
            self = .float(FloatValue(value))
        case .numeric:
            guard let value = Decimal(string) else { return nil }
            self = .numeric(value)
        case .text, .varchar, .opaque: self = .text(text)
        case .bpchar: self = .text(text.withoutTrailingSpaces)
        case .uuid:
            guard let value = UUIDSyntax.parse(string) else { return nil }
            self = .uuid(value.high, value.low)
        case .date:
            guard let value = TimeSyntax.date(string) else { return nil }
            self = .date(value)
        case .timestamp:
            guard let value = TimeSyntax.timestamp(string, withZone: false) else { return nil }
            self = .timestamp(value)
        case .timestamptz:
            guard let value = TimeSyntax.timestamp(string, withZone: true) else { return nil }
            self = .timestamp(value)
        case .enumeration(_, let labels):
            guard let index = labels.firstIndex(where: { Text($0) == text }) else { return nil }
            self = .label(index)
        }
    }
}

extension Text {
    var withoutTrailingSpaces: Text {
        guard string.utf8.last == UInt8(ascii: " ") else { return self }
        var end = string.utf8.endIndex
        while end > string.utf8.startIndex {
            let before = string.utf8.index(before: end)
            guard string.utf8[before] == UInt8(ascii: " ") else { break }
            end = before
        }
        return Text(string[..<end])
    }
}
