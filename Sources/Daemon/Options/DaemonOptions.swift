import SharedOptions

/// All options of `satcheld`, decoded once: what the command line leaves out comes from the configuration file,
/// and what that leaves out has the value given here.
package struct DaemonOptions: Hashable, Sendable {
    /// The file that options were taken from.
    package var configFile: String?
    /// Where the service is: `http://host:port`, `https://host` or `unix:///path`.
    package var service = "http://127.0.0.1:7077"
    /// Who is asking, where the service trusts names (`auth.mode: insecure`).
    package var user: String?
    /// Who is asking, where it does not. Never shown in a log.
    package var token: String?
    /// Read instead of `token`, again whenever the service refuses the last one.
    package var tokenFile: String?
    /// Holds the replica, the lock and nothing else. nil: `DaemonPaths.state`.
    package var stateDirectory: String?
    /// nil: `DaemonPaths.socket`.
    package var socket: String?
    /// Operations that are not confirmed. Within `queueRange`: each costs a lookup when rows under it change.
    package var maxOfflineQueue = 10_000
    /// Operations of one request to the service.
    package var syncBatchSize = 100
    /// Shapes that the device holds.
    package var maxShapes = ConfigurationFile.defaultClientShapes
    /// Seconds without a client after which the daemon ends, if its queue is empty; nil: never.
    package var idleExit: Int?
    package var logLevel = LogLevel.info

    package enum LogLevel: String, Sendable, CaseIterable {
        case trace, debug, info, notice, warning, error, critical
    }

    package static let queueRange = ConfigurationFile.Ranges.queue
    package static let batchRange = ConfigurationFile.Ranges.batch
    package static let idleRange = 1...31_536_000

    package init() {}
}

/// Why the daemon does not start. The message says what to do.
package struct StartError: Error, Hashable, Sendable, CustomStringConvertible {
    package let description: String
    /// What the options say is wrong: no other try helps.
    package let isOfConfiguration: Bool

    package init(_ description: String, isOfConfiguration: Bool = false) {
        self.description = description
        self.isOfConfiguration = isOfConfiguration
    }
}
