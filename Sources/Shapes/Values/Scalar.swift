import SyncModel

/// A value that is not NULL, in the form that compares by value.
enum Scalar: Hashable, Sendable {
    case bool(Bool)
    /// int2, int4 and int8.
    case integer(Int64)
    /// float4 (already rounded to it) and float8.
    case float(FloatValue)
    case numeric(Decimal)
    /// text, varchar, bpchar (with its padding), json and opaque types (PostgreSQL's text).
    case text(Text)
    case uuid(UInt64, UInt64)
    case bytes([UInt8])
    /// Days since 2000-01-01; `Int64.min` and `.max` are the infinities.
    case date(Int64)
    /// Microseconds since midnight, up to 24:00.
    case time(Int64)
    /// Microseconds since 2000-01-01 00:00 (UTC for timestamptz); `Int64.min` and `.max` are the infinities.
    case timestamp(Int64)
    case interval(Interval)
    case jsonb(JSONB)
    /// The label's place in its type.
    case label(Int)
    case array(ArrayValue)
}

/// Evaluation of one row failed, as PostgreSQL would with an error.
struct EvaluationError: Error, Hashable, Sendable {
    /// In PostgreSQL's words.
    let message: String

    init(message: String) {
        self.message = message
    }

    init(_ message: String) {
        self.message = message
    }
}

extension Scalar {
    /// Reads PostgreSQL's input syntax of a type; nil where PostgreSQL reports an error, and for inputs
    /// that depend on the time or on settings (`now`, `tomorrow`, month names).
    init?(parsing text: Text, as type: SQLType) {
        guard let value = Self.parse(text, type) else { return nil }
        self = value
    }

    private static func parse(_ text: Text, _ type: SQLType) -> Scalar? {
        let string = text.string
        switch type {
        case .bool: return BooleanSyntax.parse(string).map { .bool($0) }
        case .int2: return NumberSyntax.integer(string).flatMap { Int16(exactly: $0) == nil ? nil : .integer($0) }
        case .int4: return NumberSyntax.integer(string).flatMap { Int32(exactly: $0) == nil ? nil : .integer($0) }
        case .int8: return NumberSyntax.integer(string).map { .integer($0) }
        case .float4: return NumberSyntax.float4(string).map { .float(FloatValue(Double($0))) }
        case .float8: return NumberSyntax.float8(string).map { .float(FloatValue($0)) }
        case .numeric: return Decimal(string).map { .numeric($0) }
        case .text, .varchar, .opaque, .bpchar: return .text(text)
        case .json: return JSONTree.parse(text).map { _ in .text(text) }
        case .jsonb: return JSONB(parsing: text).map { .jsonb($0) }
        case .uuid: return UUIDSyntax.parse(string).map { .uuid($0.high, $0.low) }
        case .bytea: return BytesSyntax.parse(string).map { .bytes($0) }
        case .date: return TimeSyntax.date(string).map { .date($0) }
        case .time: return TimeSyntax.time(string).map { .time($0) }
        case .timestamp: return TimeSyntax.timestamp(string, withZone: false).map { .timestamp($0) }
        case .timestamptz: return TimeSyntax.timestamp(string, withZone: true).map { .timestamp($0) }
        case .interval: return IntervalSyntax.parse(string).map { .interval($0) }
        case .enumeration(_, let labels): return labels.firstIndex { Text($0) == text }.map { .label($0) }
        case .array(let element): return ArraySyntax.parse(text, element: element).map { .array($0) }
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
