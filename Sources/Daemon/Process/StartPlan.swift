import DaemonProtocol
import Foundation
import JSONText
import Replica
import SyncClient
import SyncModel

/// The options, checked and made whole: everything a daemon needs to start.
package struct StartPlan: Sendable {
    package let stateDirectory: String
    package let socket: String
    package let address: ServiceAddress
    package let credentials: Credentials
    package let settings: DaemonSettings
    package let record: StartRecord

    package init(_ options: DaemonOptions, environment: [String: String], instance: String) throws(StartError) {
        let paths = DaemonPaths(environment: environment)
        stateDirectory = DaemonPaths.absolute(options.stateDirectory ?? paths.state)
        socket = DaemonPaths.absolute(options.socket ?? paths.socket)
        // A token that the configuration has stays there.
        record = StartRecord(
            state: stateDirectory, config: options.configFile.map { DaemonPaths.absolute($0) },
            service: options.service, user: options.user,
            tokenFile: options.token == nil ? options.tokenFile.map { DaemonPaths.absolute($0) } : nil)
        guard let address = ServiceAddress(options.service) else {
            throw StartError(
                "The service \(options.service) is no address: give http://HOST:PORT, https://HOST or unix:///PATH.",
                isOfConfiguration: true)
        }
        guard DaemonOptions.queueRange.contains(options.maxOfflineQueue) else {
            throw Self.outside("max_offline_queue", DaemonOptions.queueRange)
        }
        guard DaemonOptions.batchRange.contains(options.syncBatchSize) else {
            throw Self.outside("sync_batch_size", DaemonOptions.batchRange)
        }
        if let seconds = options.idleExit, !DaemonOptions.idleRange.contains(seconds) {
            throw Self.outside("idle_exit", DaemonOptions.idleRange)
        }
        self.address = address
        var token = options.token
        if token == nil, let file = options.tokenFile { token = try Credentials.read(DaemonPaths.absolute(file)) }
        let subject = token.flatMap(Self.subject)
        if let user = options.user, let subject, Text(user) != Text(subject) {
            throw StartError(
                "The user is `\(user)`, but the token is that of `\(subject)`, and the service goes by the token: leave the "
                    + "user out, or take that person's token.", isOfConfiguration: true)
        }
        let user = try Self.user(options.user ?? subject ?? "anonymous")
        credentials = Credentials(
            token.map { .token($0) } ?? .user(user),
            tokenFile: options.token == nil ? options.tokenFile.map { DaemonPaths.absolute($0) } : nil)
        var limits = ReplicaLimits(maxQueue: options.maxOfflineQueue)
        limits.maxShapes = options.maxShapes
        settings = DaemonSettings(
            version: DaemonProcess.version, instance: instance, user: user, service: options.service,
            stateDirectory: stateDirectory, batchSize: options.syncBatchSize, limits: limits,
            idleExit: options.idleExit)
    }

    private static func outside(_ name: String, _ range: ClosedRange<Int>) -> StartError {
        StartError(
            "\(name) is a whole number from \(range.lowerBound) to \(range.upperBound).", isOfConfiguration: true)
    }

    /// The name travels in a header.
    private static func user(_ name: String) throws(StartError) -> String {
        guard !name.isEmpty, name.utf8.count <= 200, name.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7f }) else {
            throw StartError(
                "The user must be a name of 1 to 200 printable ASCII characters without spaces.",
                isOfConfiguration: true)
        }
        return name
    }

    /// The claim `sub` of a token, only to be shown: whether the token is right is the service's to say.
    private static func subject(_ token: String) -> String? {
        let parts = token.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 3 else { return nil }
        var text = parts[1].replacingOccurrences(of: "-", with: "+").replacingOccurrences(of: "_", with: "/")
        text += String(repeating: "=", count: (4 - text.utf8.count % 4) % 4)
        guard let payload = Data(base64Encoded: text) else { return nil }
        return (try? JSON(parsing: Array(payload)))?["sub"]?.string
    }
}
