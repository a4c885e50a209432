import DaemonProtocol
import JSONRPC
import JSONText
import SyncModel
import TerminalText
import Testing

@Suite struct SocketPathTests {
    @Test(
        arguments: [
            ([:], "/tmp/satchel-7/satchel.sock"), (["TMPDIR": "/t/"], "/t/satchel-7/satchel.sock"),
            (["XDG_RUNTIME_DIR": "/run/7"], "/run/7/satchel/satchel.sock"),
            (["XDG_RUNTIME_DIR": "relative"], "/tmp/satchel-7/satchel.sock"),
            (["SATCHEL_SOCKET": "/s", "XDG_RUNTIME_DIR": "/run/7"], "/s"),
            (["SATCHEL_SOCKET": ""], "/tmp/satchel-7/satchel.sock"),
        ] as [([String: String], String)])
    func followsTheEnvironment(environment: [String: String], path: String) throws {
        #expect(try SocketPath(option: nil, environment: environment, userID: 7).path == path)
        #expect(try SocketPath(option: "/o", environment: environment, userID: 7).path == "/o")
    }

    @Test func startsADaemonOnlyAtTheDefaultPlaceOrOnRequest() throws {
        let standard = try SocketPath(option: nil, environment: [:], userID: 7)
        let named = try SocketPath(option: "/s", environment: [:], userID: 7)
        #expect(standard.startsDaemon(environment: [:]))
        #expect(!standard.startsDaemon(environment: ["SATCHEL_AUTOSTART": "0"]))
        #expect(!named.startsDaemon(environment: [:]))
        #expect(named.startsDaemon(environment: ["SATCHEL_AUTOSTART": "1"]))
    }

    @Test func refusesWhatTheSystemCannotBind() {
        #expect(throws: UsageError.self) {
            try SocketPath(option: String(repeating: "x", count: 108), environment: [:], userID: 7)
        }
        #expect(throws: UsageError.self) { try SocketPath(option: "", environment: [:], userID: 7) }
    }
}

@Suite struct ArgumentOrderTests {
    @Test(arguments: [
        (["--socket", "s", "--json", "queue", "list"], ["queue", "list", "--socket", "s", "--json"]),
        (["--socket=s", "call", "m", "--", "--json"], ["call", "m", "--socket=s", "--", "--json"]),
        (["status", "--json"], ["status", "--json"]), (["--json"], ["--json"]), (["--help"], ["--help"]),
        ([], []),
        (["--socket"], ["--socket"]),
    ])
    func movesLeadingOptionsBehindTheCommand(given: [String], expected: [String]) {
        #expect(ArgumentOrder.normalised(given) == expected)
    }
}

@Suite struct CommandStatusTests {
    @Test(arguments: [
        (1001, CommandStatus.notFound), (1002, .usage), (1003, .notFound), (1004, .usage), (1005, .failed),
        (1009, .usage), (1010, .failed),
        (-32602, .usage), (-32800, .interrupted), (-32603, .failed),
    ])
    func followsTheDaemonsError(code: Int, status: CommandStatus) {
        #expect(CommandStatus(ResponseError(code: code, message: "", data: nil)) == status)
    }
}

@Suite struct OperationArgumentsTests {
    @Test func takesOneManyOrTheParameters() throws {
        let one = #"{"table":"t","op":"delete","key":{"id":7}}"#
        for text in [one, "[\(one)]", "{\"operations\":[\(one)]}"] {
            let operations = try OperationArguments.operations(text)
            #expect(operations.count == 1)
            #expect(operations[0].key.fields.first?.text == "7")
        }
    }

    @Test(arguments: ["", "[]", "1", "{}", #"[{"table":"t","op":"drop","key":{"id":"1"}}]"#])
    func refusesWhatIsNoOperation(text: String) {
        #expect(throws: UsageError.self) { try OperationArguments.operations(text) }
    }
}
