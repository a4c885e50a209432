import Foundation

/// Where the programs are that the bench starts.
struct Programs {
    let service: String
    let daemon: String
    let client: String
    /// This one, as the bare echo process.
    let own: String

    /// Satchel's, from the bench's own folder.
    init() throws {
        own = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
        let folder = URL(fileURLWithPath: own).deletingLastPathComponent().path
        func beside(_ name: String) throws -> String {
            let path = "\(folder)/\(name)"
            guard access(path, X_OK) == 0 else {
                throw BenchError("\(path) is missing: build it with `swift build -c release --product \(name)`")
            }
            return path
        }
        service = try beside("satchel-service")
        daemon = try beside("satcheld")
        client = try beside("satchel")
    }

    /// One of PostgreSQL's: of the newest version that Debian's package has installed, or in the path.
    static func postgres(_ name: String) throws -> String {
        let versions = Files.names(in: "/usr/lib/postgresql").compactMap { Int($0) }.sorted()
        let folders = versions.reversed().map { "/usr/lib/postgresql/\($0)/bin" }
        return try find(name, in: folders + path, package: "postgresql")
    }

    static func sqlite() throws -> String { try find("sqlite3", in: path, package: "sqlite3") }

    private static var path: [String] {
        (ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin").split(separator: ":").map(String.init)
    }

    private static func find(_ name: String, in folders: [String], package: String) throws -> String {
        for folder in folders where access("\(folder)/\(name)", X_OK) == 0 { return "\(folder)/\(name)" }
        throw BenchError("\(name) is not installed: install the Debian package `\(package)`")
    }
}
