import Foundation
import JSONText

@testable import TranscriptTesting

/// `Protocol/daemon.json` and the type language that it is written in.
struct ProtocolDescription {
    struct Method {
        let name: String
        let isRequest: Bool
        let isFromClient: Bool
        let params: JSON
        let result: JSON?
        let errors: [String]
        let json: JSON

        func examples(_ part: String) -> [JSON] { json["examples"]?[part]?.array ?? [] }
    }

    static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent()
        .deletingLastPathComponent().appendingPathComponent("Protocol").path

    let methods: [Method]
    let types: [(name: String, type: JSON, examples: [JSON])]
    let errors: [(code: Int, name: String, isRetryable: Bool)]

    init() throws {
        let json = try JSON(parsing: String(contentsOfFile: Self.folder + "/daemon.json", encoding: .utf8))
        methods = try (json["methods"]?.array ?? []).map { method in
            guard let name = method["method"]?.string, let kind = method["kind"]?.string,
                let direction = method["direction"]?.string, let params = method["params"],
                method["since"] == "0.1", method["summary"]?.string?.isEmpty == false,
                (kind == "request") == (method["result"] != nil && method["idempotent"]?.bool != nil),
                ["request", "notification"].contains(kind),
                ["clientToDaemon", "daemonToClient"].contains(direction)
            else { throw TranscriptError("daemon.json: a method is not described whole: \(method)") }
            return Method(
                name: name, isRequest: kind == "request", isFromClient: direction == "clientToDaemon",
                params: params,
                result: method["result"], errors: (method["errors"]?.array ?? []).compactMap(\.string),
                json: method)
        }
        types = (json["types"]?.object?.members ?? []).map {
            ($0.key, $0.value["type"] ?? nil, $0.value["examples"]?.array ?? [])
        }
        errors = (json["errors"]?.array ?? []).map {
            (Int($0["code"]?.int ?? 0), $0["name"]?.string ?? "", $0["retryable"]?.bool ?? false)
        }
    }

    func method(_ name: String) -> Method? { methods.first { $0.name == name } }

    /// nil when the value is of the type, else where it is not.
    func mismatch(_ value: JSON, _ type: JSON, path: String = "value") -> String? {
        if let name = type.string { return mismatch(value, named: name, path: path) }
        guard let member = type.object?.members.first, type.object?.count == 1 else {
            return "no type: \(type)"
        }
        switch (member.key, member.value) {
        case ("optional", let inner): return mismatch(value, inner, path: path)
        case ("nullable", let inner): return value.isNull ? nil : mismatch(value, inner, path: path)
        case ("literals", .array(let labels)):
            return labels.contains(value) ? nil : "\(path): \(value) is no label"
        case ("oneOf", .array(let kinds)):
            return kinds.contains { mismatch(value, $0) == nil }
                ? nil : "\(path): \(value) is none of \(kinds)"
        case ("array", let inner):
            guard let elements = value.array else { return "\(path): no array" }
            return elements.enumerated().lazy.compactMap { mismatch($1, inner, path: "\(path)[\($0)]") }.first
        case ("map", let inner):
            guard let object = value.object else { return "\(path): no object" }
            return object.members.lazy.compactMap { mismatch($0.value, inner, path: "\(path).\($0.key)") }
                .first
        case ("object", .object(let members)):
            guard let object = value.object else { return "\(path): no object" }
            return mismatch(object, members, path: path)
        default: return "no type: \(type)"
        }
    }

    private func mismatch(_ object: JSONObject, _ members: JSONObject, path: String) -> String? {
        for member in members.members {
            if let value = object[member.key] {
                if let reason = mismatch(value, member.value, path: "\(path).\(member.key)") { return reason }
            } else if member.value["optional"] == nil {
                return "\(path).\(member.key): missing"
            }
        }
        return object.keys.first { members[$0] == nil }.map { "\(path).\($0): unknown" }
    }

    private func mismatch(_ value: JSON, named name: String, path: String) -> String? {
        let fits: Bool
        switch name {
        case "string": fits = value.string != nil
        case "integer": fits = value.int != nil
        case "number": fits = value.double != nil
        case "boolean": fits = value.bool != nil
        case "null": fits = value.isNull
        case "any": fits = true
        default:
            guard let type = types.first(where: { $0.name == name })?.type else { return "no type \(name)" }
            return mismatch(value, type, path: path)
        }
        return fits ? nil : "\(path): \(value) is no \(name)"
    }
}
