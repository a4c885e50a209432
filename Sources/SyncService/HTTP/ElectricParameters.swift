import Shapes
import SyncModel

/// The query parameters of `GET /v1/shape`, checked as Electric 1.7 checks them.
struct ElectricParameters: Sendable {
    var table: TableName
    var offset: Offset
    var handle: ShapeHandle?
    var isLive: Bool
    var cursor: Int64?
    var condition: String?
    var parameters: [String]
    var columns: [String]?
    var isFull: Bool
    var isChangesOnly: Bool

    enum Offset: Hashable, Sendable {
        case at(LogOffset)
        /// From here on, without what is there.
        case now
    }

    /// `{"message": "Invalid request", "errors": {field: [text]}}`
    struct Invalid: Error, Equatable {
        let field: String
        let message: String
    }

    init(_ query: [(name: String, value: String)]) throws {
        var values: [String: String] = [:]
        for (name, value) in query { values[name] = value }
        table = try Self.table(values["table"])
        offset = try Self.offset(values["offset"])
        handle = values["handle"].map { ShapeHandle($0) }
        isLive = values["live"].map { $0 != "false" } ?? false
        cursor = values["cursor"].flatMap { Int64($0) }
        condition = values["where"]
        parameters = try Self.parameters(query)
        columns = try values["columns"].map(Self.columns)
        isFull = try Self.choice("replica", values["replica"], "default", "full")
        isChangesOnly = try Self.choice("log", values["log"], "full", "changes_only")
        try check(values)
    }

    private func check(_ values: [String: String]) throws {
        let isSSE = (values["live_sse"] ?? values["experimental_live_sse"]).map { $0 != "false" } ?? false
        if isSSE && !isLive {
            throw Invalid(field: "live_sse", message: "can't be true unless live is also true")
        }
        switch offset {
        case .at(.beforeAll):
            if isLive { throw Invalid(field: "live", message: "can't be true when offset == -1") }
        case .now:
            if isLive { throw Invalid(field: "live", message: "can't be true when offset == now") }
        case .at:
            if handle == nil { throw Invalid(field: "handle", message: "can't be blank when offset != -1") }
        }
    }

    private static func offset(_ text: String?) throws -> Offset {
        guard let text, !text.isEmpty else { throw Invalid(field: "offset", message: "can't be blank") }
        if text == "now" { return .now }
        guard let offset = LogOffset(text) else { throw Invalid(field: "offset", message: "has invalid format") }
        return .at(offset)
    }

    private static func choice(_ field: String, _ value: String?, _ no: String, _ yes: String) throws -> Bool {
        guard let value, value != no else { return false }
        guard value == yes else { throw Invalid(field: field, message: "is invalid") }
        return true
    }

    private static func table(_ text: String?) throws -> TableName {
        guard let text, !text.isEmpty else { throw Invalid(field: "table", message: "can't be blank") }
        let parts = try identifiers(text, separator: ".", field: "table")
        switch parts.count {
        case 1: return TableName(name: parts[0])
        case 2: return TableName(schema: parts[0], name: parts[1])
        default:
            throw Invalid(field: "table", message: "Invalid relation identifier, too many delimiters: \(text)")
        }
    }

    private static func columns(_ text: String) throws -> [String] {
        try identifiers(text, separator: ",", field: "columns")
    }

    /// PostgreSQL's identifiers: quoted as they stand (`""` is a quote), others lower-cased.
    private static func identifiers(_ text: String, separator: Character, field: String) throws -> [String] {
        var parts: [String] = []
        var part = ""
        var isQuoted = false
        var wasQuoted = false
        var rest = Substring(text)
        while let character = rest.popFirst() {
            if character == "\"" {
                if isQuoted && rest.first == "\"" {
                    part.append("\"")
                    rest.removeFirst()
                } else {
                    isQuoted.toggle()
                    wasQuoted = true
                }
            } else if character == separator && !isQuoted {
                parts.append(wasQuoted ? part : part.lowercased())
                (part, wasQuoted) = ("", false)
            } else {
                part.append(character)
            }
        }
        parts.append(wasQuoted ? part : part.lowercased())
        guard !isQuoted, parts.allSatisfy({ !$0.isEmpty }) else {
            throw Invalid(field: field, message: "Invalid identifier: \(text)")
        }
        return parts
    }

    /// `params[1]=…&params[2]=…`
    private static func parameters(_ query: [(name: String, value: String)]) throws -> [String] {
        var byNumber: [Int: String] = [:]
        for (name, value) in query where name == "params" || name.hasPrefix("params[") {
            guard name.hasPrefix("params["), name.hasSuffix("]"), let number = Int(name.dropFirst(7).dropLast()) else {
                throw Invalid(field: "params", message: "is invalid")
            }
            byNumber[number] = value
        }
        guard !byNumber.isEmpty else { return [] }
        let ordered = (1...byNumber.count).compactMap { byNumber[$0] }
        guard ordered.count == byNumber.count else {
            throw Invalid(
                field: "params", message: "Parameters must be numbered sequentially, starting from 1")
        }
        return ordered
    }
}
