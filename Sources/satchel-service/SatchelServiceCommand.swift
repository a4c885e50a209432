import ArgumentParser
import ProgramMain

@main
struct SatchelServiceCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "satchel-service",
        abstract: "Serves slices of a PostgreSQL database to Satchel's daemons, and merges what they send.",
        discussion: """
            Beside PostgreSQL it keeps a mirror of the published tables, follows every change, and answers \
            HTTP. With no --database-url it uses a private PostgreSQL cluster of its own under the state directory. \
            Exit status: 0 done, 1 failed, 2 wrong arguments, 78 a wrong configuration or data model.
            """,
        version: ProgramMain.version,
        subcommands: [Serve.self, Setup.self, Teardown.self, Check.self, PostgresCommand.self],
        defaultSubcommand: Serve.self)

    static func main() async { await ProgramMain.run(Self.self) }
}
