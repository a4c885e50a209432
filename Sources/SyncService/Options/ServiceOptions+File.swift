import Foundation
import Postgres
import SharedOptions

extension ServiceOptions {
    /// The options that the file sets; the others have their defaults.
    package static func load(path: String, environment: [String: String]) throws(OptionsError) -> ServiceOptions {
        let text: String
        do {
            text = try String(contentsOfFile: path, encoding: .utf8)
        } catch {
            throw OptionsError("The configuration file \(path) cannot be read: is it there, and UTF-8?")
        }
        return try ServiceOptions(text: text, file: path, environment: environment)
    }

    /// `text`: the configuration file. `file`: its path, for messages. `environment`: for `${NAME}`.
    package init(text: String, file: String? = nil, environment: [String: String]) throws(OptionsError) {
        self.init()
        let settings = try Self.settings(text: text, file: file, environment: environment)
        func value(_ path: String) -> String? { settings[path]?.text }
        func number(_ path: String) -> Int? { value(path).flatMap { Int($0) } }
        database = value("electric.database_url")
        auth.mode = value("electric.auth.mode").flatMap { Auth.Mode(rawValue: $0) } ?? auth.mode
        auth.secret = value("electric.auth.jwt_secret")
        publications = settings["electric.replication.publications"]?.items ?? publications
        if let size = value("electric.shapes.max_shape_size").flatMap({ ByteSize($0) }) {
            limits.maxShapeSize = size.bytes
        }
        shapeCacheSeconds = number("electric.shapes.shape_cache_ttl")
        limits.maxShapesPerClient =
            number("electric.shapes.max_shapes_per_client") ?? limits.maxShapesPerClient
        stateDirectory = value("service.state_directory") ?? stateDirectory
        listen = value("service.listen").flatMap { Listen($0) } ?? listen
        slot = value("service.slot") ?? slot
        dataModel = value("service.data_model")
        operationConnections = number("service.operation_connections") ?? operationConnections
        limits.maxShapes = number("service.max_shapes") ?? limits.maxShapes
        let line = (settings["electric.auth.jwt_secret"] ?? settings["electric.auth.mode"])?.line
        try checkSecret(file: file, line: line ?? 1)
    }

    private static func settings(
        text: String, file: String?, environment: [String: String]
    ) throws(OptionsError) -> [String: ConfigurationFile.Setting] {
        do {
            return try ConfigurationFile(text: text, file: file, environment: environment, members: members).settings
        } catch {
            throw OptionsError(error.description)
        }
    }

    private static let members: [ConfigurationFile.Member] =
        ConfigurationFile.electric(for: .service) + [
            ConfigurationFile.Member("service.state_directory", .text),
            ConfigurationFile.Member("service.listen", address),
            ConfigurationFile.Member("service.slot", slot),
            ConfigurationFile.Member("service.data_model", .text),
            ConfigurationFile.Member("service.operation_connections", .whole(1...100)),
            ConfigurationFile.Member("service.max_shapes", .whole(1...1_000_000)),
            ConfigurationFile.Member("daemon", .anything),
        ]

    private static let slot = ConfigurationFile.Form.other(wanted: Slot.wantedName) { Slot.isName($0) }

    private static let address = ConfigurationFile.Form.other(wanted: "HOST:PORT, as 127.0.0.1:7077") {
        Listen($0) != nil
    }

    /// A short secret can be guessed offline, by whoever has seen one token.
    private func checkSecret(file: String?, line: Int) throws(OptionsError) {
        guard auth.mode == .secure else { return }
        let bytes = auth.secret?.utf8.count ?? 0
        guard bytes < Auth.minimumSecretBytes else { return }
        let found = auth.secret == nil ? "is missing" : "has \(bytes) bytes"
        var error = ConfigurationError(
            line: line,
            "electric.auth.mode is secure, and electric.auth.jwt_secret \(found): give it at least "
                + "\(Auth.minimumSecretBytes) bytes, for example from `openssl rand -base64 48`")
        error.file = file
        throw OptionsError(error.description)
    }
}
