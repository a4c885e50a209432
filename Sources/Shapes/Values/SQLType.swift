import SyncModel

/// A type of the condition language.
enum SQLType: Hashable, Sendable {
    case bool
    case int2, int4, int8
    case float4, float8
    case numeric
    case text, varchar
    /// Blank-padded: trailing spaces do not count.
    case bpchar
    case uuid
    case date, timestamp, timestamptz
    case enumeration(name: String, labels: [String])
    /// Known only by its text: equal when PostgreSQL writes the same text.
    case opaque(String)

    init(_ column: ColumnType) {
        if column.dimensions > 0 {
            self = .opaque(column.name + "[]")
        } else if !column.labels.isEmpty {
            self = .enumeration(name: column.name, labels: column.labels)
        } else {
            self = SQLType(named: column.name) ?? .opaque(column.name)
        }
    }

    /// By the catalogue's name; nil for types that conditions do not look into.
    init?(named name: String) {
        switch name {
        case "bool": self = .bool
        case "int2": self = .int2
        case "int4": self = .int4
        case "int8": self = .int8
        case "float4": self = .float4
        case "float8": self = .float8
        case "numeric": self = .numeric
        case "text", "name": self = .text
        case "varchar": self = .varchar
        case "bpchar": self = .bpchar
        case "uuid": self = .uuid
        case "date": self = .date
        case "timestamp": self = .timestamp
        case "timestamptz": self = .timestamptz
        default: return nil
        }
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
        case .date: "date"
        case .timestamp: "timestamp"
        case .timestamptz: "timestamptz"
        case .enumeration(let name, _): name
        case .opaque(let name): name
        }
    }

    /// As Electric's messages name it.
    var readable: String {
        switch self {
        case .enumeration(let name, _): "enum \(name)"
        case .bool, .int2, .int4, .int8, .float4, .float8, .numeric, .text, .varchar, .bpchar, .uuid, .date, .timestamp,
            .timestamptz, .opaque:
            name
        }
    }

    var isInteger: Bool { self == .int2 || self == .int4 || self == .int8 }
    var isFloat: Bool { self == .float4 || self == .float8 }
    var isNumber: Bool { isInteger || isFloat || self == .numeric }
    /// Types that become `text` by themselves where text is wanted.
    var isText: Bool { self == .text || self == .varchar }
    var isTime: Bool { self == .date || self == .timestamp || self == .timestamptz }
}
