import Replica
import SyncClient
import SyncModel
import SyncProtocol

/// One person's daemon: the production replica and machines of one process, and what outlives it.
struct SimulatedDevice {
    /// What a kill takes away.
    struct Process {
        let replica: Replica
        var stream: SyncStream
        var sender: QueueSender
        var schema = SchemaFetcher()
        var adoption = SchemaAdoption()
        /// At most one of each machine runs.
        var streamTimer: TimerID?
        var senderTimer: TimerID?
        var schemaTimer: TimerID?
        /// Those of the schema that was last asked for.
        var schemaTag: String?
        var schemaEpoch: Epoch?
        var exchanges: [Int: StreamExchange] = [:]
        var nextBarrier: Int64 = 0
        /// A write that takes its time; the process does nothing else until it is on disk.
        var write: SlowWrite?
        /// What a client that subscribed to everything holds, from effects alone.
        var client: ClientView
    }

    struct SlowWrite {
        let end: Int
        /// What the process says and does afterwards.
        var then: [(Simulation) throws -> Void]
    }

    let index: Int
    let user: Text
    let newReplicaID: ReplicaID
    /// Microseconds by which the device's clock is wrong.
    let skew: Int64
    var disk: SimulatedDisk
    var process: Process?
    /// Counts processes: what was meant for an earlier one is dropped.
    var life = 0
    var isPartitioned = false
    /// Operations submitted; also numbers ids and values.
    var submitted = 0
    /// Positions of the last whole answer.
    var frontier: Frontier?

    /// Many operations in little time meet this limit.
    static let queueLimit = 60
    static let batchSize = 8
    static let groupLimit = 3

    var name: String { "d\(index)" }
    /// Of the person's token.
    var claims: [Text: Text] { ["user_id": user] }
}

enum Machine: Hashable, Sendable { case stream, sender, schema }
