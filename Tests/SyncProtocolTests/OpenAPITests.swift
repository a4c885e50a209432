import Foundation
import SyncProtocol
import Testing

/// `Protocol/service.openapi.yaml` and the code name the same routes, codes, reasons and limits.
@Suite struct OpenAPITests {
    private let lines: [String]

    init() throws {
        let file = URL(filePath: #filePath).deletingLastPathComponent()
            .appending(path: "../../Protocol/service.openapi.yaml")
        lines = try String(contentsOf: file, encoding: .utf8).components(separatedBy: "\n")
    }

    @Test func routesAreTheSame() {
        var described: [String] = []
        for (index, line) in lines.enumerated() where line.hasPrefix("  /v1/") {
            described.append("\(lines[index + 1].trimmingCharacters(in: .whitespaces)) \(line.dropFirst(2))")
        }
        let known = ServiceRoute.allCases.map { "\($0.method.lowercased()): \($0.path):" }
        #expect(described.sorted() == known.sorted())
    }

    @Test func codesAndReasonsAreTheSame() throws {
        let lists = lines.indices.filter { lines[$0].trimmingCharacters(in: .whitespaces) == "enum:" }.map {
            start in
            lines[(start + 1)...].map { $0.trimmingCharacters(in: .whitespaces) }.prefix {
                $0.hasPrefix("- ")
            }
            .map { String($0.dropFirst(2)) }
        }
        try #require(lists.count == 2)
        #expect(lists[0] == ServiceError.Code.allCases.map(\.rawValue))
        #expect(lists[1] == VerdictReason.allCases.map(\.rawValue))
    }

    @Test func limitsAreTheSame() {
        let text = lines.joined(separator: "\n")
        for limit in [
            "maxItems: \(ProtocolLimits.shapesPerRequest)\n",
            "maxItems: \(ProtocolLimits.operationsPerRequest)\n",
            "maxItems: \(ProtocolLimits.withdrawalsPerRequest)\n",
            "maxLength: \(ProtocolLimits.reasonBytes)}",
            "maxLength: \(ProtocolLimits.identifierBytes)}", "maxLength: \(ProtocolLimits.tableNameBytes)}",
        ] {
            #expect(text.contains(limit), "\(limit)")
        }
    }

    /// The table of service.md has the status and retry rule of each code, as the code has them.
    @Test func theProseHasTheSameCodes() throws {
        let file = URL(filePath: #filePath).deletingLastPathComponent().appending(
            path: "../../Protocol/service.md")
        let prose = try String(contentsOf: file, encoding: .utf8)
        for code in ServiceError.Code.allCases {
            #expect(prose.contains("| `\(code.rawValue)` | \(code.status) | \(code.retry.rawValue) |"))
        }
        for reason in VerdictReason.allCases { #expect(prose.contains("`\(reason.rawValue)`")) }
    }
}
