import Foundation
import Testing

/// The pipeline files that the tests read.
enum SampleFiles {
    struct File: CustomTestStringConvertible, Sendable {
        let name: String
        let text: String
        var testDescription: String { name }
    }

    static let bundled = read(
        URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../Scripts/sample/pipelines")
    )

    /// Real files, where `SATCHEL_SHARED` names the folder that holds `data/pipelines`.
    static let real: [File] =
        ProcessInfo.processInfo.environment["SATCHEL_SHARED"].map {
            read(URL(filePath: $0).appending(path: "data/pipelines"))
        } ?? []

    private static func read(_ folder: URL) -> [File] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
        return names.sorted().filter { $0.hasSuffix(".yaml") }.compactMap { name in
            (try? String(contentsOf: folder.appending(path: name), encoding: .utf8)).map {
                File(name: name, text: $0)
            }
        }
    }

    static let team = "0b000000-0000-4000-8000-000000000001"
}
