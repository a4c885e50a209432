import Foundation
import JSONText
import SyncModel
import SyncProtocol
import Testing

/// Replays `Protocol/vectors/service-*.jsonl`.
@Suite struct ServiceVectorsTests {
    private struct Vector {
        let name: String
        let json: JSON

        var message: String { json["message"]?.string ?? "" }
        var sent: JSON { json["json"] ?? .null }
    }

    private static func vectors(_ file: String) throws -> [Vector] {
        let folder = URL(filePath: #filePath).deletingLastPathComponent().appending(
            path: "../../Protocol/vectors")
        let text = try String(contentsOf: folder.appending(path: file), encoding: .utf8)
        return try text.split(separator: "\n").map { line in
            let json = try JSON(parsing: String(line))
            return Vector(name: json["name"]?.string ?? "", json: json)
        }
    }

    @Test func everyMessageReadsAndWritesBack() throws {
        let vectors = try Self.vectors("service-requests.jsonl") + Self.vectors("service-answers.jsonl")
        #expect(vectors.count >= 20)
        for vector in vectors {
            let written = try JSON(parsing: Self.rewrite(vector))
            #expect(written == vector.json["canonical"] ?? vector.sent, "\(vector.name)")
        }
    }

    private static func rewrite(_ vector: Vector) throws -> [UInt8] {
        let body = vector.sent.serialized()
        switch vector.message {
        case "sync-request": return try SyncRequest(body: body).body
        case "operations-request": return try OperationsRequest(body: body).body
        case "sync-line": return try SyncAnswerLine(line: body).bytes
        case "operations-answer": return try OperationsAnswer(body: body).body
        case "schema-answer": return try SchemaAnswer(body: body).body
        case "explain-request": return try ExplainRequest(body: body).body
        case "explain-answer": return try ExplainAnswer(body: body).body
        case "error":
            let error = ServiceError(status: 0, body: body)
            #expect(vector.json["status"]?.int == Int64(error.code.status), "\(vector.name)")
            return error.body
        default:
            Issue.record("\(vector.name): no such message")
            return []
        }
    }

    @Test func everyRefusalNamesItsReason() throws {
        let vectors = try Self.vectors("service-refusals.jsonl")
        #expect(vectors.count >= 20)
        for vector in vectors {
            let error = #expect(throws: ServiceError.self, "\(vector.name)") { try Self.rewrite(vector) }
            #expect(error?.code.rawValue == vector.json["code"]?.string, "\(vector.name)")
            let says = try #require(vector.json["says"]?.string)
            #expect(error?.message.contains(says) == true, "\(vector.name): \(error?.message ?? "")")
        }
    }
}
