import SyncModel

/// A type of the condition language.
indirect enum SQLType: Hashable, Sendable {
    case bool
    case int2, int4, int8
    case float4, float8
    case numeric
    case text, varchar
    /// Blank-padded: trailing spaces do not count when it is compared.
    case bpchar
    case uuid, bytea
    case date, time, timestamp, timestamptz, interval
    case json, jsonb
    case enumeration(name: String, labels: [String])
    case array(SQLType)
    /// Known only by its text: equal when PostgreSQL writes the same text.
    case opaque(String)

    init(_ column: ColumnType) {
        let element: SQLType =
            if column.labels.isEmpty {
                SQLType(named: column.name) ?? .opaque(column.name)
            } else {
                .enumeration(name: column.name, labels: column.labels)
            }
        self = column.dimensions == 0 ? element : element.isOpaque ? .opaque(column.name + "[]") : .array(element)
    }

    private static let plain: [SQLType] = [
        .bool, .int2, .int4, .int8, .float4, .float8, .numeric, .text, .varchar, .bpchar, .uuid, .bytea, .date, .time,
        .timestamp, .timestamptz, .interval, .json, .jsonb,
    ]

    private static let byName: [String: SQLType] = Dictionary(
        uniqueKeysWithValues: plain.map { ($0.name, $0) } + [("name", .text)])

    /// By the catalogue's name; nil for types that conditions do not look into.
    init?(named name: String) {
        guard let type = Self.byName[name] else { return nil }
        self = type
    }

    /// The catalogue's name, as a cast takes it.
    var name: String {
        switch self {
        case .bool: "bool"
        case .int2: "int2"
        case .int4: "int4"
        case .int8: "int8"
        case .float4: "float4"
        case .float8: "float8"
        case .numeric: "numeric"
        case .text: "text"
        case .varchar: "varchar"
        case .bpchar: "bpchar"
        case .uuid: "uuid"
        case .bytea: "bytea"
        case .date: "date"
        case .time: "time"
        case .timestamp: "timestamp"
        case .timestamptz: "timestamptz"
        case .interval: "interval"
        case .json: "json"
        case .jsonb: "jsonb"
        case .enumeration(let name, _): name
        case .array(let element): element.name + "[]"
        case .opaque(let name): name
        }
    }

    /// As Electric's messages name it.
    var readable: String {
        if case .enumeration(let name, _) = self { return "enum \(name)" }
        return name
    }

    var isInteger: Bool { self == .int2 || self == .int4 || self == .int8 }
    var isFloat: Bool { self == .float4 || self == .float8 }
    var isNumber: Bool { isInteger || isFloat || self == .numeric }
    /// Types that become `text` by themselves where text is wanted.
    var isText: Bool { self == .text || self == .varchar }
    var isString: Bool { isText || self == .bpchar }

    var isOpaque: Bool {
        if case .opaque = self { true } else { false }
    }

    var isEnumeration: Bool {
        if case .enumeration = self { true } else { false }
    }

    /// Of an array.
    var element: SQLType? {
        if case .array(let element) = self { element } else { nil }
    }

    /// Equal values have equal text in PostgreSQL's output.
    var hasOneText: Bool {
        switch self {
        case .bool, .int2, .int4, .int8, .text, .varchar, .uuid, .bytea, .date, .time, .timestamp, .timestamptz,
            .enumeration, .opaque:
            true
        case .float4, .float8, .numeric, .bpchar, .interval, .json, .jsonb, .array: false
        }
    }

    /// `pg_type.typcategory`.
    enum Category { case boolean, number, string, time, span, user, enumeration, array }

    var category: Category {
        switch self {
        case .bool: .boolean
        case .int2, .int4, .int8, .float4, .float8, .numeric: .number
        case .text, .varchar, .bpchar: .string
        case .date, .time, .timestamp, .timestamptz: .time
        case .interval: .span
        case .uuid, .bytea, .json, .jsonb, .opaque: .user
        case .enumeration: .enumeration
        case .array: .array
        }
    }

    /// `pg_type.typispreferred`.
    var isPreferred: Bool {
        switch self {
        case .bool, .float8, .text, .timestamptz, .interval: true
        case .int2, .int4, .int8, .float4, .numeric, .varchar, .bpchar, .uuid, .bytea, .date, .time, .timestamp, .json,
            .jsonb, .enumeration, .array, .opaque:
            false
        }
    }

    /// Whether PostgreSQL casts to `target` by itself (`pg_cast.castcontext` i, and equal types).
    func becomes(_ target: SQLType) -> Bool {
        if self == target { return true }
        switch self {
        case .int2: return [.int4, .int8, .numeric, .float4, .float8].contains(target)
        case .int4: return [.int8, .numeric, .float4, .float8].contains(target)
        case .int8: return [.numeric, .float4, .float8].contains(target)
        case .numeric: return target.isFloat
        case .float4: return target == .float8
        case .text, .varchar, .bpchar: return target.isString
        case .date: return target == .timestamp || target == .timestamptz
        case .timestamp: return target == .timestamptz
        case .time: return target == .interval
        case .array(let element):
            guard let other = target.element else { return false }
            return element.becomes(other)
        case .bool, .float8, .uuid, .bytea, .timestamptz, .interval, .json, .jsonb, .enumeration, .opaque: return false
        }
    }
}
