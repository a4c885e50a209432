import Foundation
import Postgres
import SyncModel

extension Follower {
    private static let secondsPerCollection = 3_600

    /// Once a second: what the mirror holds is made durable, and only then told to PostgreSQL. Every ten seconds, and
    /// when the stream tells that there is reason to, `look`, over a connection of its own. A heartbeat is sent at once
    /// when time alone is due to change a shape.
    func keepUp() {
        var seconds = 0
        var lastLook = Self.now
        var connection: PostgresConnection?
        var failures = FailureLog()
        while !isStopping {
            let isTick = wake.wait(timeout: .now() + 1) == .timedOut
            if isTick { seconds += 1 }
            guard let stream else { continue }
            noteQuietStream()
            var isLooking = false
            do {
                if let durable = try mirror.makeDurable() { stream.reportFlushed(durable) }
                let isRegular = isTick && seconds.isMultiple(of: configuration.secondsPerLook)
                // Once a second at most, however much is altered.
                isLooking = isRegular || (Self.now > lastLook && takeWantedLook())
                guard isLooking || isDue else { continue }
                // Also where it fails: what is wanted again is not tried before the next second.
                if isLooking { lastLook = Self.now }
                let open =
                    try connection ?? PostgresConnection(configuration.conninfo, applicationName: "satchel upkeep")
                connection = open
                if isDue { try open.query(Heartbeat.statement) }
                guard isLooking else { continue }
                if isRegular { while try tidy(), !isStopping {} }
                try look(over: open, at: stream)
                if isRegular, seconds % Self.secondsPerCollection == configuration.secondsPerLook {
                    try Bookkeeping.collect(on: open)
                }
                if let text = failures.worked(at: Self.now) { report(.worksAgain("upkeep: \(text)")) }
            } catch {
                connection = nil
                if isLooking { wantLook() }
                if let text = failures.failed("upkeep: \(error)", at: Self.now) { report(.failed(text)) }
            }
        }
        wake.signal()
    }

    /// A row is about to move over the edge of a condition on `NOW()`, which is the time of the newest commit: where
    /// nobody else commits, the service does.
    private var isDue: Bool {
        mirror.nextDue.map { Double($0) <= Date().timeIntervalSince1970 * 1_000_000 } ?? false
    }

    private func tidy() throws -> Bool {
        let now = Int64(Date().timeIntervalSince1970 * 1_000_000)
        return try mirror.tidy(now: now, retention: configuration.retention)
    }

    /// The slot's lock may have gone with its connection; it is taken again before anything else. The catalogue is
    /// compared, because DDL is not in the stream; and a heartbeat is sent where something was committed since the last
    /// one.
    private func look(over connection: PostgresConnection, at stream: ReplicationStream) throws {
        let holder = try SlotLock.holder(of: Slot(configuration.slot), connection)
        guard let holder, holder.pid == lockPID else { return stream.stop() }
        let catalog = try MirrorStart.catalogue(connection, configuration)
        let isSame = catalog.schema == mirror.catalogue && mirror.replaced(in: catalog).isEmpty
        // A resync that is under way ends with a catalogue of its own.
        if !isSame, mirror.state.pending == nil { return stream.stop() }
        if mirror.state.isHeartbeatDue { try connection.query(Heartbeat.statement) }
    }
}
