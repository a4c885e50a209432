import ArgumentParser
import Daemon
import Foundation
import Logging
import ProgramMain

@main
struct Satcheld: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "satcheld",
        abstract: "Keeps a slice of a PostgreSQL database on this machine, and what is changed in it while offline.",
        discussion: "Exit status: 0 ended, 1 failed, 2 wrong arguments, 78 a wrong configuration.",
        version: DaemonProcess.version,
        subcommands: [Run.self, Stdio.self], defaultSubcommand: Run.self)

    static func main() {
        if let options = CommonOptions(plainRun: Array(CommandLine.arguments.dropFirst())) {
            Program(options, overStdio: false).run()
        } else {
            ProgramMain.run(Self.self)
        }
    }
}

/// What `run` and `stdio` have in common. Everything may be left out.
struct CommonOptions: ParsableArguments {
    @Option(help: "Configuration file (YAML; ${NAME} is taken from the environment).")
    var config: String?

    @Option(help: "State directory: holds the replica. Default: $XDG_DATA_HOME/satchel or ~/.local/share/satchel.")
    var state: String?

    @Option(help: "Unix socket. Default: $SATCHEL_SOCKET or $XDG_RUNTIME_DIR/satchel/satchel.sock.")
    var socket: String?

    @Option(help: "The service: http://HOST:PORT, https://HOST or unix:///PATH. Default: http://127.0.0.1:7077.")
    var service: String?

    @Option(help: "Who you are, where the service trusts names. Default: anonymous.")
    var user: String?

    @Option(help: "File with the token for the service. It is read again when the service refuses the token.")
    var tokenFile: String?

    @Option(help: "End after so many seconds without a client and with nothing to send. Default: never.")
    var idleExit: Int?

    @Option(help: "trace, debug, info, notice, warning, error or critical. Default: info.")
    var logLevel: DaemonOptions.LogLevel?

    func resolved(environment: [String: String]) throws -> DaemonOptions {
        var options = DaemonOptions()
        if let config {
            let text: String
            do {
                text = try String(contentsOfFile: config, encoding: .utf8)
            } catch {
                throw StartError(
                    "The configuration file \(config) cannot be read: check that it exists and is yours.",
                    isOfConfiguration: true)
            }
            options = try DaemonOptions(text: text, file: config, environment: environment)
            options.configFile = config
        }
        options.stateDirectory = state ?? options.stateDirectory
        options.socket = socket ?? options.socket
        options.service = service ?? options.service
        options.user = user ?? options.user
        options.idleExit = idleExit ?? options.idleExit
        options.logLevel = logLevel ?? options.logLevel
        if let tokenFile {
            options.tokenFile = tokenFile
            options.token = nil
        }
        return options
    }
}

extension CommonOptions {
    /// What was given of service and person, as it is written on the command line or in the file.
    func identity(in options: DaemonOptions) -> [String] {
        var names: [String] = []
        if options.service != DaemonOptions().service { names.append(service == nil ? "daemon.service" : "--service") }
        if options.user != nil { names.append(user == nil ? "daemon.user" : "--user") }
        if options.token != nil { names.append("daemon.token") }
        if options.tokenFile != nil { names.append(tokenFile == nil ? "daemon.token_file" : "--token-file") }
        return names
    }
}

extension DaemonOptions.LogLevel: ExpressibleByArgument {}

struct Run: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run", abstract: "Serve clients over a Unix socket (the default).")

    @OptionGroup var common: CommonOptions

    @Flag(name: .customLong("stdio"), help: "The same as the subcommand stdio.")
    var isStdio = false

    func run() { Program(common, overStdio: isStdio).run() }
}

struct Stdio: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "stdio",
        abstract: "Serve one client over standard input and output; where a daemon runs already, connect it with that.")

    @OptionGroup var common: CommonOptions

    func run() { Program(common, overStdio: true).run() }
}
