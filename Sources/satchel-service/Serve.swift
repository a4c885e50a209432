import ArgumentParser
import Foundation
import Logging
import Postgres
import ProgramMain
import SyncService

struct Serve: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Serve. The default.")

    @OptionGroup var connection: ConnectionOptions
    @OptionGroup var slot: SlotOption

    @Option(help: "The data model's YAML file.")
    var model: String?

    @Option(help: "HOST:PORT to listen on; port 0 picks a free one. Default: 127.0.0.1:7077.")
    var listen: ServiceOptions.Listen?

    @Option(help: "trace, debug, info, notice, warning, error.")
    var logLevel: Logger.Level = .notice

    func run() async throws {
        var options = try connection.load(slot: slot)
        if let listen { options.listen = listen }
        if let model { options.dataModel = model }
        do throws(OptionsError) {
            try SatchelService.check(options)
        } catch {
            throw ConfigurationFailure(error.description)
        }
        try FileManager.default.createDirectory(
            atPath: options.stateDirectory, withIntermediateDirectories: true)
        let level = logLevel
        LoggingSystem.bootstrap { label in
            var handler = StreamLogHandler.standardError(label: label)
            handler.logLevel = level
            return handler
        }
        try options.checkedDataModel(against: nil)
        let conninfo = try options.reachDatabase()
        // A server that is away is waited for.
        if let database = try? PostgresConnection(conninfo, applicationName: "satchel serve") {
            defer { database.close() }
            try options.refuseUnfit(database)
            try options.refuseIncomplete(database)
        }
        let service = try await SatchelService(
            options: options, conninfo: conninfo, logger: Logger(label: "satchel-service"))
        try await service.run { url in
            print("listening on \(url)")
            // Whoever waits for this line may read from a pipe.
            fflush(nil)
        }
    }
}

extension Logger.Level: @retroactive ExpressibleByArgument {}

extension ServiceOptions.Listen: ExpressibleByArgument {
    package init?(argument: String) { self.init(argument) }
}
