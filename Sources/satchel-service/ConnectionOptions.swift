import ArgumentParser
import DataModel
import Foundation
import Postgres
import ProgramMain
import SyncModel
import SyncService

/// The options that every subcommand shares: which configuration, which database, which state directory.
struct ConnectionOptions: ParsableArguments {
    @Option(help: "YAML file with options; ${NAME} is taken from the environment.")
    var config: String?

    @Option(help: "libpq connection string or postgresql:// URL. Default: a private cluster.")
    var databaseURL: String?

    @Option(help: "Directory of the private cluster. Default: postgres under the state directory.")
    var privatePostgres: String?

    @Option(help: "Directory for the mirror and the private cluster.")
    var state: String?

    func validate() throws {
        guard databaseURL == nil || privatePostgres == nil else {
            throw ValidationError("--database-url and --private-postgres exclude each other: give one of them")
        }
    }

    /// Throws `ConfigurationFailure` for what no later attempt could mend.
    func load(slot: SlotOption? = nil) throws -> ServiceOptions {
        let environment = ProcessInfo.processInfo.environment
        var options = ServiceOptions()
        if let config {
            do throws(OptionsError) {
                options = try ServiceOptions.load(path: config, environment: environment)
            } catch {
                throw ConfigurationFailure(error.description)
            }
        }
        if let databaseURL { options.database = databaseURL }
        if let slot = slot?.slot { options.slot = slot }
        if let privatePostgres {
            options.database = nil
            options.privateCluster = Self.absolute(privatePostgres)
        }
        if let database = options.database {
            do throws(PostgresError) {
                try PostgresConnection.checkSyntax(of: database)
            } catch {
                let place = databaseURL == nil ? "electric.database_url" : "--database-url"
                throw ConfigurationFailure("\(place): \(error.message)")
            }
        }
        options.stateDirectory = Self.absolute(state ?? options.stateDirectory)
        return options
    }

    private static func absolute(_ path: String) -> String {
        path.hasPrefix("/") ? path : FileManager.default.currentDirectoryPath + "/" + path
    }
}

/// For what has to do with the replication slot.
struct SlotOption: ParsableArguments {
    @Option(
        help: """
            Name of the replication slot, which is one for all databases of a server. Default: service.slot, or satchel.
            """
    )
    var slot: String?

    func validate() throws {
        guard slot.map(Slot.isName) != false else { throw ValidationError("--slot is \(Slot.wantedName)") }
    }
}

extension ServiceOptions {
    /// Throws what keeps this database from being followed, and the SQL that mends it.
    func refuseUnfit(_ database: PostgresConnection) throws {
        if let clash = try Slot(slot).clash(database) {
            throw ConfigurationFailure("This database cannot be followed: \(clash)")
        }
        let hasSlot = try Slot(slot).status(database) != nil
        let problems = try ServerInfo.read(database).problems(needsSlot: !hasSlot)
        guard problems.isEmpty else {
            throw OptionsError("This database cannot be followed: " + problems.joined(separator: "; "))
        }
    }

    /// Throws what `serve` misses: what `setup` makes, rights, and what the data model names.
    func refuseIncomplete(_ database: PostgresConnection) throws {
        let missing = try Bookkeeping.missing(for: publications, on: database)
        guard missing.isEmpty else {
            throw OptionsError("This database cannot be served yet: " + missing.joined(separator: "; "))
        }
        try checkedDataModel(against: Bookkeeping.catalogue(publishedBy: publications, on: database).schema)
    }

    /// The data model, where one is named. What is wrong with it is a mistake of configuration.
    ///
    /// - Parameter schema: nil: its form alone is checked.
    @discardableResult
    func checkedDataModel(against schema: DatabaseSchema?) throws -> DataModel? {
        do {
            let model = try readDataModel()
            if let schema { try model?.validate(against: schema) }
            return model
        } catch let error as DataModelError {
            throw ConfigurationFailure("\(error)")
        } catch let error as OptionsError {
            throw ConfigurationFailure(error.description)
        }
    }
}
