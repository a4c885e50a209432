import JSONRPCTransport
import Logging
import NIOCore
import Replica
import SyncClient
import SyncModel

/// The start, the end, and what goes on when nothing happens.
extension DaemonCore {
    func begin() {
        if let openingProblem {
            logger.error("the replica is in memory only: \(openingProblem.message)")
        }
        prune()
        sync(.started(wantedShapes, isPaused: replica.isPaused))
        rearmIdleExit()
    }

    /// Whoever waits for a turn in the daemon's life.
    struct Watchers {
        var stopping: EventLoopPromise<Void>?
        var closing: EventLoopPromise<Void>?
        var alone: EventLoopPromise<Void>?
    }

    func tellWatchers() {
        if waiters.all.isEmpty { watchers.stopping.take()?.succeed() }
        if clients.isEmpty {
            watchers.closing.take()?.succeed()
            watchers.alone.take()?.succeed()
        }
    }

    func closeClients() {
        for client in clientIDs { clients[client]?.connection.close() }
    }

    /// The last call. Nothing of the daemon is under way after it.
    func letGo() {
        for machine in SyncMachine.allCases {
            links[machine].timer?.scheduled.cancel()
            if let transfer = links[machine].transfer { surroundings.port.cancel(transfer.id) }
        }
        for transfer in explaining.values { surroundings.port.cancel(transfer) }
        idleTimer?.cancel()
        watchers.stopping.take()?.succeed()
        watchers.closing.take()?.succeed()
        watchers.alone.take()?.succeed()
    }

    func rearmIdleExit() {
        idleTimer?.cancel()
        idleTimer = nil
        guard clients.isEmpty, !isStopping, let seconds = settings.idleExit else { return }
        idleTimer = loop.scheduleTask(in: .seconds(Int64(seconds))) { [post] in post(.idleLongEnough) }
    }

    /// Never with operations on their way: nobody else would send them.
    func idleLongEnough() {
        guard clients.isEmpty else { return }
        if pending > 0 { rearmIdleExit() } else { requestStop() }
    }

    /// Operations on their way.
    var pending: Int { (try? replica.counts)?.pending ?? 0 }

    /// Confirmed operations that were kept long enough go, at most once an hour.
    func prune() {
        let time = now
        guard time.microseconds - lastPrune > 3_600_000_000 else { return }
        lastPrune = time.microseconds
        keeping { () throws(ReplicaError) in _ = try replica.prune(now: time) }
    }

    /// Runs what nobody waits for the outcome of. A failure shows in the status.
    func keeping(_ body: () throws(ReplicaError) -> Void) {
        do throws(ReplicaError) {
            try body()
        } catch {
            noteStorage(error)
        }
    }

    func noteStorage(_ error: ReplicaError) {
        guard error.isOfStorage else { return }
        isStatusDue = true
        logger.error("the replica failed: \(error.message)")
        storageProblem = Reason(code: error.code.rawValue, message: error.message)
    }
}
