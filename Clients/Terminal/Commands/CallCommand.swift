import ArgumentParser
import DaemonProtocol
import JSONText
import TerminalText

struct CallCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "call", abstract: "Send one request to the daemon and print its result.",
        discussion: "For example: satchel call shape/read '{\"definition\": {\"root_table\": \"teams\"}}'")

    @Argument(help: "As in Protocol/daemon.md, for example sync/status.")
    var method: String

    @Argument(help: "The parameters, a JSON object.")
    var params: String = "{}"

    @OptionGroup var options: GlobalOptions

    func run() throws {
        let params = try DefinitionText.object(params, of: "the parameters")
        try options.withDaemon { daemon in
            // Every connection is initialised before the first request.
            let result = method == "initialize" ? daemon.info.json : try daemon.call(method, params)
            Output.json(result)
        }
    }
}

struct SocketNameCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sockname", abstract: "Print the daemon's socket; start the daemon if nobody listens.",
        discussion: "Editors call it to find the socket. With --no-start it only prints the path.")

    @Flag(name: .customLong("no-start"), help: "Do not connect.")
    var doesNotStart = false

    @OptionGroup var options: GlobalOptions

    func run() throws {
        let path = try options.socketPath().path
        if !doesNotStart { try options.withDaemon { _ in } }
        if options.json { Output.json(["socket": .string(path)]) } else { Output.line(path) }
    }
}
