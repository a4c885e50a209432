import SharedOptions

extension DaemonOptions {
    /// The options that the file sets; the others have their defaults.
    ///
    /// - Parameters:
    ///   - text: the configuration file.
    ///   - file: its path, for messages.
    ///   - environment: for `${NAME}`.
    package init(text: String, file: String? = nil, environment: [String: String]) throws(StartError) {
        self.init()
        let settings = try Self.settings(text: text, file: file, environment: environment)
        func value(_ path: String) -> String? { settings[path]?.text }
        func number(_ path: String) -> Int? { value(path).flatMap { Int($0) } }
        service = value("daemon.service") ?? service
        user = value("daemon.user")
        token = value("daemon.token")
        tokenFile = value("daemon.token_file")
        guard token == nil || tokenFile == nil else {
            throw StartError(
                "daemon.token and daemon.token_file exclude each other: keep one of them.", isOfConfiguration: true)
        }
        stateDirectory = value("daemon.state")
        socket = value("daemon.socket")
        maxOfflineQueue = number("electric.client.max_offline_queue") ?? maxOfflineQueue
        syncBatchSize = number("electric.client.sync_batch_size") ?? syncBatchSize
        maxShapes = number("electric.shapes.max_shapes_per_client") ?? maxShapes
        idleExit = number("daemon.idle_exit")
        logLevel = value("daemon.log_level").flatMap { LogLevel(rawValue: $0) } ?? logLevel
    }

    private static func settings(
        text: String, file: String?, environment: [String: String]
    ) throws(StartError) -> [String: ConfigurationFile.Setting] {
        do {
            return try ConfigurationFile(text: text, file: file, environment: environment, members: members).settings
        } catch {
            throw StartError(error.description, isOfConfiguration: true)
        }
    }

    private static let members: [ConfigurationFile.Member] =
        ConfigurationFile.electric(for: .daemon) + [
            ConfigurationFile.Member("daemon.service", .text),
            ConfigurationFile.Member("daemon.user", .text),
            ConfigurationFile.Member("daemon.token", .text),
            ConfigurationFile.Member("daemon.token_file", .text),
            ConfigurationFile.Member("daemon.state", .text),
            ConfigurationFile.Member("daemon.socket", .text),
            ConfigurationFile.Member("daemon.idle_exit", .whole(idleRange)),
            ConfigurationFile.Member("daemon.log_level", .choice(LogLevel.allCases.map(\.rawValue))),
            ConfigurationFile.Member("service", .anything),
        ]
}
