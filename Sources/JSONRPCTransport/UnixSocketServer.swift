import JSONRPC
import NIOCore
import NIOPosix
import Synchronization

/// A listening Unix socket whose connections belong to a `ConnectionHandler`. Only processes of the same user
/// are let in.
package struct UnixSocketServer: Sendable {
    private let listener: any Channel
    /// nil where the socket was inherited: its file belongs to whoever made it.
    private let path: String?

    /// Makes the socket, mode 0600, in a directory of mode 0700 that is made if missing.
    ///
    /// What stands at `path` is removed if it is a socket: the caller MUST hold the daemon's lock, so nobody can be
    /// listening there.
    package static func bind(
        path: String, group: any EventLoopGroup,
        configuration: TransportConfiguration = TransportConfiguration(),
        handler: any ConnectionHandler
    ) throws(TransportError) -> EventLoopFuture<UnixSocketServer> {
        let descriptor = try SocketFile.listen(path: path)
        return start(descriptor, group: group, configuration: configuration, handler: handler)
            .map { UnixSocketServer(listener: $0, path: path) }
    }

    /// Takes over a socket that is bound already, as systemd hands it on (`InheritedSocket`).
    package static func adopt(
        descriptor: Int32, group: any EventLoopGroup,
        configuration: TransportConfiguration = TransportConfiguration(),
        handler: any ConnectionHandler
    ) throws(TransportError) -> EventLoopFuture<UnixSocketServer> {
        try SocketFile.checkIsUnixSocket(descriptor)
        return start(descriptor, group: group, configuration: configuration, handler: handler)
            .map { UnixSocketServer(listener: $0, path: nil) }
    }

    /// No new connections from then on; the socket's file is gone. The connections that are there stay. The future
    /// never fails.
    package func stopAccepting() -> EventLoopFuture<Void> {
        let path = path
        // Closing fails only when it is closed already.
        return listener.close().recover { _ in }.map {
            if let path { SocketFile.remove(path: path) }
        }
    }

    private static func start(
        _ descriptor: Int32, group: any EventLoopGroup, configuration: TransportConfiguration,
        handler: any ConnectionHandler
    ) -> EventLoopFuture<any Channel> {
        let gate = ConnectionGate(limit: configuration.connections)
        return ServerBootstrap(group: group)
            .serverChannelOption(.backlog, value: 256)
            .childChannelOption(.allowRemoteHalfClosure, value: true)
            .childChannelOption(
                .recvAllocator,
                value: AdaptiveRecvByteBufferAllocator(minimum: 1024, initial: 4096, maximum: 128 << 10)
            )
            .childChannelInitializer { channel in
                channel.peer().flatMapThrowing { peer in
                    try gate.enter(channel, peer: peer)
                    let connection = Connection(channel: channel, peer: peer, configuration: configuration)
                    try channel.pipeline.syncOperations.addHandler(
                        ConnectionChannelHandler(
                            owner: handler, connection: connection, configuration: configuration))
                }
            }
            .withBoundSocket(descriptor)
    }
}

/// Lets in who may come in.
private final class ConnectionGate: Sendable {
    private let limit: Int
    private let count = Mutex(0)

    init(limit: Int) {
        self.limit = limit
    }

    func enter(_ channel: any Channel, peer: Peer?) throws {
        if let peer, peer.user != SocketFile.user {
            throw TransportError(
                "User \(peer.user) may not talk to this daemon: it belongs to \(SocketFile.user).")
        }
        let isFull = count.withLock { count in
            count += 1
            return count > limit
        }
        channel.closeFuture.whenComplete { _ in self.count.withLock { $0 -= 1 } }
        if isFull { throw TransportError("There are \(limit) connections, which is the limit.") }
    }
}
