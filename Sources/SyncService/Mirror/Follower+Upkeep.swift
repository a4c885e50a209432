import Foundation
import Postgres
import SyncModel

extension Follower {
    private static let ticksPerLook = 10

    /// Once a second: what the mirror holds is made durable, and only then told to PostgreSQL. Every ten seconds,
    /// over a connection of its own: the catalogue is compared, because DDL is not in the stream, and a heartbeat
    /// is sent where something was committed since the last one.
    func keepUp() {
        var ticks = 0
        var connection: PostgresConnection?
        while !isStopping {
            _ = wake.wait(timeout: .now() + 1)
            ticks += 1
            guard let stream else { continue }
            do {
                if let durable = try mirror.makeDurable() { stream.reportFlushed(durable) }
                guard ticks.isMultiple(of: Self.ticksPerLook) else { continue }
                let open =
                    try connection ?? PostgresConnection(configuration.conninfo, applicationName: "satchel upkeep")
                connection = open
                try look(over: open, at: stream)
            } catch {
                connection = nil
                report(.failed("upkeep: \(error)"))
            }
        }
        wake.signal()
    }

    private func look(over connection: PostgresConnection, at stream: ReplicationStream) throws {
        let isSame = try MirrorStart.catalogue(connection, configuration).schema == mirror.catalogue
        if !isSame { return stream.stop() }
        if mirror.state.isHeartbeatDue { try connection.query(Heartbeat.statement) }
    }
}
