import JSONRPC
import JSONRPCTransport
import NIOCore
import Replica
import SyncClient

/// A running daemon: owns the core, and hands it what happens. Holds no decisions.
package final class Daemon: ConnectionHandler {
    package let loop: any EventLoop
    private let core: NIOLoopBoundBox<DaemonCore?>
    private let stop: StopRequest

    /// How long requests that wait may go on waiting once the daemon is to end.
    package static let grace = TimeAmount.seconds(5)
    /// How long a client that does not read may hold up the end.
    private static let closing = TimeAmount.seconds(2)

    /// - Parameters:
    ///   - loop: the one event loop of the core and of every connection.
    ///   - stop: how anybody asks the process to end.
    ///   - open: opens the replica, on the loop.
    package static func start(
        settings: DaemonSettings, surroundings: DaemonSurroundings, on loop: any EventLoop,
        stop: StopRequest = StopRequest(), open: @escaping @Sendable () throws -> OpenedReplica
    ) -> EventLoopFuture<Daemon> {
        let daemon = Daemon(loop: loop, stop: stop)
        return loop.submit {
            try daemon.begin(settings, surroundings, open())
            return daemon
        }
    }

    private init(loop: any EventLoop, stop: StopRequest) {
        self.loop = loop
        self.stop = stop
        core = NIOLoopBoundBox.makeEmptyBox(valueType: DaemonCore.self, eventLoop: loop)
    }

    private func begin(_ settings: DaemonSettings, _ surroundings: DaemonSurroundings, _ opened: OpenedReplica) {
        let core = DaemonCore(
            settings: settings, surroundings: surroundings, opened: opened, loop: loop,
            // The core lives as long as it is not ended, and what it started may outlive it.
            post: { [weak self] in self?.post($0) }, requestStop: { [weak self] in self?.requestStop() })
        self.core.value = core
        core.receive(.started)
    }

    private func post(_ event: DaemonCore.Event) {
        if loop.inEventLoop {
            core.value?.receive(event)
        } else {
            loop.execute { self.core.value?.receive(event) }
        }
    }
}

// MARK: - Connections

extension Daemon {
    package func connected(_ connection: Connection) { post(.connected(connection)) }

    package func received(_ request: Request, on connection: Connection) { post(.requested(request, connection)) }

    /// Those that matter are the session's own.
    package func received(_ notification: Notification, on connection: Connection) {}

    package func cancelled(_ id: JSONRPC.RequestID, on connection: Connection) { post(.cancelled(id, connection)) }
    package func outboxDrained(_ connection: Connection) { post(.drained(connection)) }
    package func closed(_ connection: Connection) { post(.closed(connection)) }
}

// MARK: - The machine, and the end

extension Daemon {
    /// The network changed, or the machine woke.
    package func observed(_ change: NetworkWatcher.Change) {
        switch change {
        case .network: post(.sync(.networkChanged))
        case .woke: post(.sync(.woke))
        }
    }

    /// Ends the daemon. May be called from anywhere, any number of times.
    package func requestStop() {
        stop.request()
    }

    /// Blocks until somebody has asked the daemon to end. One caller at a time.
    package func waitForStop() {
        stop.wait()
    }

    /// Once no client is connected. The future never fails, nor does that of `end`.
    package func alone() -> EventLoopFuture<Void> {
        told { .whenAlone($0) }
    }

    /// Lets requests that wait be answered, closes the connections, and closes the replica.
    package func end() -> EventLoopFuture<Void> {
        let deadline = loop.scheduleTask(in: Self.grace) { self.post(.endWaiting) }
        return told { .stopping($0) }.flatMap {
            deadline.cancel()
            let last = self.loop.scheduleTask(in: Self.closing) { self.post(.giveUpClients) }
            return self.told { .closing($0) }.map { last.cancel() }
        }.map {
            self.core.value?.letGo()
            self.core.value = nil
        }
    }

    private func told(_ event: (EventLoopPromise<Void>) -> DaemonCore.Event) -> EventLoopFuture<Void> {
        let promise = loop.makePromise(of: Void.self)
        let event = event(promise)
        loop.execute {
            // Nothing is there any more that could be waited for.
            guard let core = self.core.value else { return promise.succeed() }
            core.receive(event)
        }
        return promise.futureResult
    }
}
