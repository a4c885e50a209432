import Foundation
import Testing

/// Starting `satcheld` where nobody listens: a script stands in for it, beside a copy of the program.
@Suite(.serialized) struct LauncherTests {
    private func withCopy(daemon script: String?, _ body: (URL, [String: String]) throws -> Void) throws {
        let folder = FileManager.default.temporaryDirectory.appending(
            path: "satchel-\(UUID().uuidString.prefix(8))")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let program = folder.appending(path: "satchel")
        try FileManager.default.copyItem(at: Run.program, to: program)
        if let script {
            let daemon = folder.appending(path: "satcheld")
            try Data("#!/bin/sh\n\(script)\n".utf8).write(to: daemon)
            try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: daemon.path)
        }
        try body(program, ["HOME": folder.path, "TMPDIR": folder.path])
    }

    @Test func namesTheProgramThatIsMissing() throws {
        try withCopy(daemon: nil) { program, environment in
            let run = try Run(["status"], environment: environment, program: program)
            #expect(run.status == 4)
            #expect(run.errors.contains("satcheld cannot be started"))
        }
    }

    @Test func startsTheDaemonWithTheSocketAndSaysWhereItsLogIs() throws {
        try withCopy(daemon: "echo \"$@\" >&2; exit 3") { program, environment in
            let run = try Run(["status"], environment: environment, program: program)
            #expect(run.status == 4)
            let home = environment["HOME"] ?? ""
            let log = "\(home)/.local/state/satchel/satcheld.log"
            #expect(run.errors.contains(log))
            let socket = "\(home)/satchel-\(getuid())/satchel.sock"
            #expect(try String(contentsOfFile: log, encoding: .utf8) == "run --socket \(socket)\n")
        }
    }

    @Test func startsNothingWhereTheSocketIsNamed() throws {
        try withCopy(daemon: "touch \"$HOME/started\"") { program, environment in
            let home = environment["HOME"] ?? ""
            let run = try Run(
                ["--socket", "\(home)/s", "status"], environment: environment, program: program)
            #expect(run.status == 4)
            #expect(!FileManager.default.fileExists(atPath: "\(home)/started"))
            let asked = environment.merging(["SATCHEL_AUTOSTART": "1"]) { $1 }
            #expect(
                try Run(["--socket", "\(home)/s", "status"], environment: asked, program: program).status == 4
            )
            #expect(FileManager.default.fileExists(atPath: "\(home)/started"))
        }
    }

    private static let record = """
        {"state": "/srv/ana's/state", "service": "http://127.0.0.1:7077", "user": "ana", "tokenFile": "/t", "later": 1}
        """

    private func leave(_ text: String, beside socket: String, mode: Int = 0o600) throws {
        try Data(text.utf8).write(to: URL(filePath: "\(socket).json"))
        try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: "\(socket).json")
    }

    @Test func namesTheStateThatTheLastDaemonHad() throws {
        try withCopy(daemon: "echo \"$@\" >&2; exit 3") { program, environment in
            let home = environment["HOME"] ?? ""
            let arguments = ["--socket", "\(home)/s", "status"]
            let unknown = try Run(arguments, environment: environment, program: program)
            #expect(unknown.errors.contains("`satcheld run --socket \(home)/s --state DIRECTORY`, the state"))

            try leave(Self.record, beside: "\(home)/s")
            let known = try Run(arguments, environment: environment, program: program)
            let rest = "--service http://127.0.0.1:7077 --user ana --token-file /t"
            #expect(
                known.errors.contains("`satcheld run --socket \(home)/s --state '/srv/ana'\\''s/state' \(rest)`"),
                "\(known.errors)")

            let asked = environment.merging(["SATCHEL_AUTOSTART": "1"]) { $1 }
            #expect(try Run(arguments, environment: asked, program: program).status == 4)
            let log = "\(home)/.local/state/satchel/satcheld.log"
            #expect(
                try String(contentsOfFile: log, encoding: .utf8)
                    == "run --socket \(home)/s --state /srv/ana's/state \(rest)\n")
        }
    }

    @Test(arguments: [
        (record, 0o644), (record, 0o620), ("{\"state\": \"here\"}", 0o600),
        ("{\"state\": \"/a\", \"user\": \"-x\"}", 0o600),
        ("{\"state\": \"/a\\u0000b\"}", 0o600), ("{}", 0o600), ("", 0o600), ("[", 0o600),
        ("{\"state\": \"/a\"}" + String(repeating: " ", count: 40_000), 0o600),
    ])
    func doesNotRelyOnAnUnsafeRecord(text: String, mode: Int) throws {
        try withCopy(daemon: nil) { program, environment in
            let socket = "\(environment["HOME"] ?? "")/s"
            let arguments = ["--socket", socket, "status"]
            try leave(text, beside: socket, mode: mode)
            let run = try Run(arguments, environment: environment, program: program)
            #expect(run.status == 4 && run.errors.contains("--state DIRECTORY"), "\(run.errors)")
        }
    }

    @Test func followsNoLinkToARecord() throws {
        try withCopy(daemon: nil) { program, environment in
            let home = environment["HOME"] ?? ""
            try leave(Self.record, beside: "\(home)/other")
            try FileManager.default.createSymbolicLink(
                atPath: "\(home)/s.json", withDestinationPath: "\(home)/other.json")
            let run = try Run(["--socket", "\(home)/s", "status"], environment: environment, program: program)
            #expect(run.errors.contains("--state DIRECTORY"))
        }
    }

    @Test func refusesAFolderThatOthersMayEnter() throws {
        try withCopy(daemon: "exit 1") { program, environment in
            let folder = "\(environment["TMPDIR"] ?? "")/satchel-\(getuid())"
            try FileManager.default.createDirectory(
                atPath: folder, withIntermediateDirectories: false, attributes: [.posixPermissions: 0o777])
            try FileManager.default.setAttributes([.posixPermissions: 0o777], ofItemAtPath: folder)
            let run = try Run(["status"], environment: environment, program: program)
            #expect(run.status == 4)
            #expect(run.errors.contains("0700"))
        }
    }

    @Test func printsTheSocketsName() throws {
        let run = try Run(["sockname", "--no-start"], environment: ["XDG_RUNTIME_DIR": "/run/user/7"])
        #expect(run.output == "/run/user/7/satchel/satchel.sock\n")
    }
}
