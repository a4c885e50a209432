import ArgumentParser
import DaemonProtocol
import TerminalText

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

struct SubmitCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "submit", abstract: "Put operations into the queue.",
        discussion: """
            An operation, or an array of them: {"table": "steps", "op": "update", "key": {"id": "…"}, \
            "set": {"name": "fetch"}} with op insert, update, upsert or delete. `-` reads standard input.
            """)

    @Argument(help: "JSON, or - for standard input.")
    var operations: String

    @Flag(help: "Merge all of them or none.")
    var atomic = false

    @Flag(name: .customLong("dry-run"), help: "Only say whether they would be accepted.")
    var isDryRun = false

    @OptionGroup var options: GlobalOptions

    func run() throws {
        let text = operations == "-" ? try Input.standard() : operations
        let operations = try OperationArguments.operations(text)
        try options.withDaemon { daemon in
            let params = SubmitOperations.Params(
                operations: operations, isAtomic: atomic, isDryRun: isDryRun)
            let result = try daemon.call(SubmitOperations.self, params)
            if options.json {
                Output.json(result.json)
            } else {
                Output.lines(
                    result.operations.map { "\($0.id) \(isDryRun ? "would be " : "")\($0.state.rawValue)" })
                let done = isDryRun ? "would be accepted" : "accepted, on disk"
                Output.say("\(Printable.count(Int64(result.operations.count), "operation")) \(done).")
            }
        }
    }
}

enum Input {
    /// Bytes of what a person may pipe in.
    private static let limit = 64 << 20

    static func standard() throws -> String { try read(STDIN_FILENO, name: "standard input", limit: limit) }

    static func exists(_ path: String) -> Bool { access(path, F_OK) == 0 }

    /// Before anything is done with any of them.
    static func requireFiles(_ paths: [String]) throws {
        let missing = paths.filter { !exists($0) }
        guard missing.isEmpty else {
            throw CommandFailure(.notFound, missing.map { "\($0): no such file." }.joined(separator: "\n"))
        }
    }

    static func file(_ path: String, limit: Int) throws -> String {
        let descriptor = open(path, O_RDONLY)
        guard descriptor >= 0 else {
            throw CommandFailure(.notFound, "\(path) cannot be read: \(String(cString: strerror(errno))).")
        }
        defer { close(descriptor) }
        return try read(descriptor, name: path, limit: limit)
    }

    private static func read(_ descriptor: Int32, name: String, limit: Int) throws -> String {
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 64 << 10)
        while true {
            let count = buffer.withUnsafeMutableBytes { readBytes(descriptor, $0) }
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else {
                throw CommandFailure(.failed, "\(name) cannot be read: \(String(cString: strerror(errno))).")
            }
            if count == 0 { break }
            bytes += buffer.prefix(count)
            guard bytes.count <= limit else {
                throw CommandFailure(.failed, "\(name) is larger than \(limit >> 20) MiB.")
            }
        }
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw CommandFailure(.failed, "\(name) is not UTF-8.")
        }
        return text
    }

    private static func readBytes(_ descriptor: Int32, _ buffer: UnsafeMutableRawBufferPointer) -> Int {
        #if canImport(Glibc)
            Glibc.read(descriptor, buffer.baseAddress, buffer.count)
        #else
            Darwin.read(descriptor, buffer.baseAddress, buffer.count)
        #endif
    }
}
