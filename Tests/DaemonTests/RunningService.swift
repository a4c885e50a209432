import Foundation
import Glibc
import PostgresTesting
import Testing

/// `satchel-service`, set up over a database and listening, until it is released.
final class RunningService {
    let url: String
    private let process = Process()

    init(_ database: TestDatabase, state: String, model: String? = nil) throws {
        let program = URL(fileURLWithPath: TestProcess.path(of: "satchel-service"))
        // Slots have one name for all databases of the cluster that tests share.
        let options = "\(state).yaml"
        try "service: {slot: \(database.name)}\n".write(toFile: options, atomically: true, encoding: .utf8)
        let common = ["--config", options, "--database-url", database.connectionString, "--state", state]
        let setup = Process()
        setup.executableURL = program
        setup.arguments = ["setup"] + common
        setup.standardOutput = FileHandle.nullDevice
        try setup.run()
        setup.waitUntilExit()
        try #require(setup.terminationStatus == 0)
        let output = Pipe()
        process.executableURL = program
        process.arguments =
            ["serve"] + common + ["--listen", "127.0.0.1:0", "--log-level", "critical"]
            + (model.map { ["--model", $0] } ?? [])
        process.standardOutput = output
        try process.run()
        var line = ""
        while !line.contains("\n") {
            let data = output.fileHandleForReading.availableData
            try #require(!data.isEmpty, "satchel-service ended before it listened")
            line += String(decoding: data, as: UTF8.self)
        }
        url = line.trimmingCharacters(in: .newlines).replacingOccurrences(of: "listening on ", with: "")
    }

    deinit { if process.isRunning { Glibc.kill(process.processIdentifier, SIGKILL) } }

    func kill() {
        Glibc.kill(process.processIdentifier, SIGKILL)
        process.waitUntilExit()
    }
}
