import Foundation

/// A throwaway PostgreSQL of locale C.UTF-8, on a Unix socket only.
final class PostgresCluster {
    private let directory: String
    private let binaries: String

    struct Failure: Error, CustomStringConvertible {
        let description: String
    }

    /// nil where PostgreSQL is not installed.
    static let binaries: String? = {
        let root = "/usr/lib/postgresql"
        let versions = (try? FileManager.default.contentsOfDirectory(atPath: root)) ?? []
        let folders = versions.sorted { $0.compare($1, options: .numeric) == .orderedDescending }.map {
            "\(root)/\($0)/bin"
        }
        return (folders + ["/usr/local/pgsql/bin", "/opt/homebrew/bin"]).first {
            FileManager.default.isExecutableFile(atPath: "\($0)/initdb")
        }
    }()

    init() throws {
        guard let binaries = Self.binaries else { throw Failure(description: "PostgreSQL is not installed") }
        self.binaries = binaries
        directory = try Self.run("mktemp", ["-d", "/tmp/satchel-test-XXXXXX"]).trimmingCharacters(
            in: .whitespacesAndNewlines)
        if getuid() == 0 { _ = try Self.run("chown", ["postgres", directory]) }
        try server(
            "initdb",
            ["-D", "\(directory)/data", "--locale=C.UTF-8", "-E", "UTF8", "-A", "trust", "-U", "postgres", "-N"])
        let options =
            "-k \(directory) -c listen_addresses='' -c fsync=off -c shared_buffers=16MB -c max_stack_depth=6MB"
        try server("pg_ctl", ["-D", "\(directory)/data", "-w", "-l", "\(directory)/log", "-o", options, "start"])
    }

    func stop() {
        _ = try? server("pg_ctl", ["-D", "\(directory)/data", "-w", "-m", "immediate", "stop"])
        try? FileManager.default.removeItem(atPath: directory)
    }

    /// PostgreSQL's programs refuse to run as root.
    private func server(_ program: String, _ arguments: [String]) throws {
        let path = "\(binaries)/\(program)"
        if getuid() == 0 {
            _ = try Self.run("runuser", ["-u", "postgres", "--", path] + arguments)
        } else {
            _ = try Self.run(path, arguments)
        }
    }

    /// Runs a script; the answer is what its COPY … TO STDOUT and SELECTs print, unaligned.
    func psql(_ script: String) throws -> String {
        let settings = "SET datestyle = 'ISO, DMY'; SET timezone = 'UTC'; SET intervalstyle = 'iso_8601';\n"
        return try Self.run(
            "\(binaries)/psql",
            ["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-h", directory, "-U", "postgres", "-d", "postgres"],
            input: settings + script)
    }

    /// The rows of a query, NULL as nil.
    func rows(_ query: String) throws -> [[String?]] {
        let output = try psql("COPY (\(query)) TO STDOUT;\n")
        return output.split(separator: "\n").map { line in
            line.split(separator: "\t", omittingEmptySubsequences: false).map { Self.field($0) }
        }
    }

    private static func field(_ text: Substring) -> String? {
        if text == "\\N" { return nil }
        guard text.contains("\\") else { return String(text) }
        var result = String.UnicodeScalarView()
        var isEscaped = false
        for scalar in text.unicodeScalars {
            if isEscaped {
                let controls: [Unicode.Scalar: Unicode.Scalar] = [
                    "n": "\n", "t": "\t", "r": "\r", "b": "\u{8}", "f": "\u{c}", "v": "\u{b}",
                ]
                result.append(controls[scalar] ?? scalar)
                isEscaped = false
            } else if scalar == "\\" {
                isEscaped = true
            } else {
                result.append(scalar)
            }
        }
        return String(result)
    }

    private static func run(_ program: String, _ arguments: [String], input: String = "") throws -> String {
        let files = FileManager.default.temporaryDirectory.appendingPathComponent("satchel-\(UUID().uuidString)")
        let inputFile = files.appendingPathExtension("in")
        let outputFile = files.appendingPathExtension("out")
        let errorFile = files.appendingPathExtension("err")
        defer { for file in [inputFile, outputFile, errorFile] { try? FileManager.default.removeItem(at: file) } }
        // Files instead of pipes: a server that stays in the background would hold a pipe open.
        for (file, data) in [(inputFile, Data(input.utf8)), (outputFile, Data()), (errorFile, Data())] {
            try data.write(to: file)
        }
        let status = try spawn([program] + arguments, input: inputFile, output: outputFile, error: errorFile)
        guard status == 0 else {
            throw Failure(
                description: "\(program): \(String(decoding: try Data(contentsOf: errorFile), as: UTF8.self))")
        }
        return String(decoding: try Data(contentsOf: outputFile), as: UTF8.self)
    }

    /// Not Foundation's `Process`: it notices the end by a socket that the server inherits and keeps open.
    private static func spawn(_ command: [String], input: URL, output: URL, error: URL) throws -> Int32 {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, 0, input.path, O_RDONLY, 0)
        posix_spawn_file_actions_addopen(&actions, 1, output.path, O_WRONLY, 0)
        posix_spawn_file_actions_addopen(&actions, 2, error.path, O_WRONLY, 0)
        var arguments: [UnsafeMutablePointer<CChar>?] = command.map { strdup($0) }
        arguments.append(nil)
        defer { for argument in arguments { free(argument) } }
        var process = pid_t()
        let failure = posix_spawnp(&process, command[0], &actions, nil, arguments, environ)
        guard failure == 0 else { throw Failure(description: "\(command[0]): \(String(cString: strerror(failure)))") }
        var status: Int32 = 0
        while waitpid(process, &status, 0) == -1 {
            guard errno == EINTR else { throw Failure(description: "\(command[0]): cannot be waited for") }
        }
        return status
    }
}

/// `'…'` for SQL.
func quoted(_ text: String) -> String {
    "'" + text.unicodeScalars.map { $0 == "'" ? "''" : String($0) }.joined() + "'"
}
