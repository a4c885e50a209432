import Logging
import Replica
import SyncClient
import SyncModel

/// What a core is told once, at its start.
package struct DaemonSettings: Sendable {
    package var version: String
    /// Another one after each start.
    package var instance: String
    package var user: String
    package var service: String
    package var stateDirectory: String
    package var batchSize: Int
    package var limits: ReplicaLimits
    /// Seconds; nil: never.
    package var idleExit: Int?

    package init(
        version: String, instance: String, user: String, service: String, stateDirectory: String,
        batchSize: Int = 100, limits: ReplicaLimits = ReplicaLimits(), idleExit: Int? = nil
    ) {
        self.version = version
        self.instance = instance
        self.user = user
        self.service = service
        self.stateDirectory = stateDirectory
        self.batchSize = batchSize
        self.limits = limits
        self.idleExit = idleExit
    }
}

/// Where the replica is, and why not in its file.
package struct OpenedReplica {
    package let replica: Replica
    /// nil: in the file. Otherwise the daemon works online only.
    package let problem: Reason?

    package init(replica: Replica, problem: Reason?) {
        self.replica = replica
        self.problem = problem
    }

    package static let fileName = "replica.sqlite"

    /// Opens the replica of a state directory, or one in memory where that cannot be.
    package static func open(
        stateDirectory: String, limits: ReplicaLimits, newReplicaID: ReplicaID
    ) throws(ReplicaError) -> OpenedReplica {
        let problem: Reason
        do throws(ReplicaError) {
            let location = Replica.Location.file(
                path: "\(stateDirectory)/\(fileName)", instance: try Replica.instance(ofDirectory: stateDirectory))
            let replica = try Replica(location: location, limits: limits, newReplicaID: newReplicaID)
            return OpenedReplica(replica: replica, problem: nil)
        } catch {
            problem = Reason(code: error.code.rawValue, message: error.message)
        }
        return try inMemory(problem: problem, limits: limits, newReplicaID: newReplicaID)
    }

    package static func inMemory(
        problem: Reason, limits: ReplicaLimits, newReplicaID: ReplicaID
    ) throws(ReplicaError) -> OpenedReplica {
        let replica = try Replica(location: .memory, limits: limits, newReplicaID: newReplicaID)
        return OpenedReplica(replica: replica, problem: problem)
    }
}

/// The world outside of the core: time, chance, identity and the service. Each may be called from any thread.
package struct DaemonSurroundings: Sendable {
    /// Microseconds since 1970.
    package var now: @Sendable () -> HybridTimestamp
    package var random: @Sendable () -> UInt64
    package var newOperationID: @Sendable () -> OperationID
    package var port: any HTTPPort
    package var credentials: Credentials
    package var logger: Logger

    package init(
        now: @escaping @Sendable () -> HybridTimestamp, random: @escaping @Sendable () -> UInt64,
        newOperationID: @escaping @Sendable () -> OperationID, port: any HTTPPort, credentials: Credentials,
        logger: Logger
    ) {
        self.now = now
        self.random = random
        self.newOperationID = newOperationID
        self.port = port
        self.credentials = credentials
        self.logger = logger
    }
}
