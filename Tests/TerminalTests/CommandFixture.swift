import Foundation
import SyncModel

/// What the fake daemon has, and how the built program is run against it.
enum CommandFixture {
    static let team = "0b000000-0000-4000-8000-000000000001"
    static let ana = "0c000000-0000-4000-8000-000000000001"

    static func state() -> FakeDaemon.State {
        var state = FakeDaemon.State()
        state.tables = [
            "users": [Self.ana: ["id": Value(Self.ana), "email": "ana@example.org", "name": "Ana"]],
            "teams": [Self.team: ["id": Value(Self.team), "name": "Pipelines"]],
            "team_members": [
                "x": ["team_id": Value(Self.team), "user_id": Value(Self.ana), "role": "owner"]
            ],
            "pipelines": [:], "steps": [:], "connections": [:], "comments": [:],
        ]
        return state
    }

    static func withDaemon(
        _ state: FakeDaemon.State? = nil, _ body: (FakeDaemon, ([String]) throws -> Run) throws -> Void
    ) throws {
        let daemon = try FakeDaemon(state ?? Self.state())
        defer { daemon.stop() }
        try body(daemon) { try Run($0, environment: ["SATCHEL_SOCKET": daemon.path]) }
    }

    static let samples = URL(filePath: #filePath).deletingLastPathComponent()
        .appending(path: "../../Scripts/sample/pipelines").standardized.path
}
