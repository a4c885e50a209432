import Foundation
import Glibc

/// One of the real programs, started from the folder that this program lies in.
final class SystemProcess {
    private let process = Process()
    private let output = Pipe()

    struct Failure: Error, CustomStringConvertible {
        let description: String
    }

    init(_ program: URL, _ arguments: [String]) throws {
        process.executableURL = program
        process.arguments = arguments
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = output
        try process.run()
    }

    var isRunning: Bool { process.isRunning }

    /// The first line that it says; an error when it ends before.
    func line() throws -> String {
        var line = ""
        while !line.contains("\n") {
            let data = output.fileHandleForReading.availableData
            guard !data.isEmpty else {
                throw Failure(description: "\(process.executableURL?.lastPathComponent ?? "") ended: \(line)")
            }
            line += String(decoding: data, as: UTF8.self)
        }
        return line.trimmingCharacters(in: .newlines)
    }

    /// Waits for its end.
    func end(_ signal: Int32) {
        if process.isRunning { Glibc.kill(process.processIdentifier, signal) }
        process.waitUntilExit()
    }

    /// Runs it to its end.
    static func run(_ program: URL, _ arguments: [String]) throws {
        let process = try SystemProcess(program, arguments)
        _ = process.output.fileHandleForReading.readDataToEndOfFile()
        process.process.waitUntilExit()
        guard process.process.terminationStatus == 0 else {
            throw Failure(description: "\(program.lastPathComponent) \(arguments[0]) failed")
        }
    }
}
