import ArgumentParser

@main
struct SatchelServiceCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "satchel-service",
        abstract: "Serves slices of a PostgreSQL database to Satchel's daemons, and merges what they send.",
        discussion: """
            Beside PostgreSQL it keeps a mirror of the published tables, follows every change, and answers \
            HTTP. With no --database-url it uses a private PostgreSQL cluster of its own under the state directory.
            """,
        version: "0.1.0",
        subcommands: [Serve.self, Setup.self, Teardown.self, Check.self, PostgresCommand.self],
        defaultSubcommand: Serve.self)
}
