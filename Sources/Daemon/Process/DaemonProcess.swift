import DaemonProtocol
import Foundation
import JSONRPCTransport
import Logging
import NIOCore
import NIOPosix
import Replica
import SyncClient
import SyncModel

/// A daemon with everything around it: lock, replica, socket, network.
package final class DaemonProcess: Sendable {
    private let daemon: Daemon
    private let group: MultiThreadedEventLoopGroup
    private let transport: CurlTransport
    private let watcher: NetworkWatcher?
    private let server: UnixSocketServer?
    private let stdio: StdioConnection?
    /// Held until the process has let go of everything else. nil: the state directory cannot hold a lock.
    private let lock: InstanceLock?

    package static let version = ProgramVersion.current

    private init(
        daemon: Daemon, group: MultiThreadedEventLoopGroup, transport: CurlTransport, watcher: NetworkWatcher?,
        server: UnixSocketServer?, stdio: StdioConnection?, lock: InstanceLock?
    ) {
        self.daemon = daemon
        self.group = group
        self.transport = transport
        self.watcher = watcher
        self.server = server
        self.stdio = stdio
        self.lock = lock
    }

    package func requestStop() { daemon.requestStop() }

    /// Returns when the daemon has been asked to end, or the client on standard input and output has gone and
    /// nobody else is there; and everything is closed.
    package func run() {
        if let stdio {
            let daemon = daemon
            // Not waited for: a signal may come first.
            stdio.closed().flatMap { daemon.alone() }.whenComplete { _ in daemon.requestStop() }
        }
        daemon.waitForStop()
        // Neither of the two fails.
        try? server?.stopAccepting().wait()
        try? daemon.end().wait()
        watcher?.stop()
        transport.stop()
        // Fails only when it is shut down already.
        try? group.syncShutdownGracefully()
        withExtendedLifetime(lock) {}
    }
}

// MARK: - Start

extension DaemonProcess {
    /// - Parameters:
    ///   - streams: standard input and output, for the one client of `satcheld stdio`.
    ///   - lock: nil where the state directory cannot hold one, with the reason in `problem`.
    package static func start(
        _ plan: StartPlan, lock: InstanceLock?, problem: Reason?, streams: (input: Int32, output: Int32)?,
        stop: StopRequest, environment: [String: String], logger: Logger
    ) throws -> DaemonProcess {
        let transport = try CurlTransport(to: plan.address)
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let surroundings = DaemonSurroundings(
            now: { HybridTimestamp(microseconds: Int64(Date().timeIntervalSince1970 * 1_000_000)) },
            random: { UInt64.random(in: 0 ... .max) },
            newOperationID: { OperationID(UUID().uuidString.lowercased()) }, port: transport,
            credentials: plan.credentials, logger: logger)
        let replicaID = ReplicaID(UUID().uuidString.lowercased())
        let (settings, state) = (plan.settings, plan.stateDirectory)
        let opening = Daemon.start(settings: settings, surroundings: surroundings, on: group.any(), stop: stop) {
            if let problem {
                return try OpenedReplica.inMemory(problem: problem, limits: settings.limits, newReplicaID: replicaID)
            }
            return try OpenedReplica.open(stateDirectory: state, limits: settings.limits, newReplicaID: replicaID)
        }
        let daemon = try opening.wait()
        let server: UnixSocketServer?
        var stdio: StdioConnection?
        do {
            server = try listen(plan, streams != nil, group, daemon, environment, logger)
            if let streams {
                stdio = try StdioConnection.start(
                    input: streams.input, output: streams.output, group: group, handler: daemon
                ).wait()
            }
        } catch {
            try? daemon.end().wait()
            transport.stop()
            try? group.syncShutdownGracefully()
            throw error
        }
        ServiceManager(environment: environment).notify("READY=1")
        return DaemonProcess(
            daemon: daemon, group: group, transport: transport, watcher: watch(daemon, logger), server: server,
            stdio: stdio, lock: lock)
    }

    private static func listen(
        _ plan: StartPlan, _ hasClient: Bool, _ group: MultiThreadedEventLoopGroup, _ daemon: Daemon,
        _ environment: [String: String], _ logger: Logger
    ) throws -> UnixSocketServer? {
        do {
            if let inherited = try InheritedSocket.descriptor(environment: environment, process: getpid()) {
                return try UnixSocketServer.adopt(descriptor: inherited, group: group, handler: daemon).wait()
            }
            if LocalSocket.isAlive(plan.socket) {
                throw StartError(
                    "A daemon with another state directory listens at \(plan.socket): give another --socket.")
            }
            let server = try UnixSocketServer.bind(path: plan.socket, group: group, handler: daemon).wait()
            logger.info("listening at \(plan.socket)")
            leaveRecord(plan, logger)
            return server
        } catch {
            // The one client that started this daemon is served all the same.
            guard hasClient else { throw error }
            logger.warning("no other client can connect: \(error)")
            return nil
        }
    }

    private static func leaveRecord(_ plan: StartPlan, _ logger: Logger) {
        // An abstract name has no place beside it.
        guard plan.socket.utf8.first == UInt8(ascii: "/") else { return }
        do {
            try plan.record.write(besideSocket: plan.socket)
        } catch {
            logger.warning(
                "how this daemon was started cannot be left in \(StartRecord.path(socket: plan.socket)): \(error)")
        }
    }

    private static func watch(_ daemon: Daemon, _ logger: Logger) -> NetworkWatcher? {
        do {
            return try NetworkWatcher { [weak daemon] in daemon?.observed($0) }
        } catch {
            logger.warning("network changes are not noticed: \(error)")
            return nil
        }
    }
}
