import ArgumentParser
import Postgres
import SyncService

struct PostgresCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "postgres", abstract: "The private PostgreSQL cluster: start, stop, or tell how to reach it.",
        subcommands: [Start.self, Stop.self, URL.self])

    struct Start: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Create it where there is none, and start it.")
        @OptionGroup var connection: ConnectionOptions

        func run() throws {
            let cluster = try connection.load().cluster
            try cluster.start()
            print(cluster.connectionString())
        }
    }

    struct Stop: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Stop it.")
        @OptionGroup var connection: ConnectionOptions

        func run() throws { try connection.load().cluster.stop() }
    }

    struct URL: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Print the connection string of the database that the service uses.")
        @OptionGroup var connection: ConnectionOptions

        func run() throws {
            let options = try connection.load()
            print(try options.database ?? options.cluster.connectionString())
        }
    }
}
