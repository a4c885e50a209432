#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif
import JSONRPC
import NIOCore
import NIOPosix

/// The one connection of a daemon that was started by its client.
package struct StdioConnection: Sendable {
    private let channel: any Channel
    private let pump: FilePump

    /// Takes standard input and output away from everybody else: descriptor 0 reads nothing from here on, and 1
    /// is standard error, so that a stray print cannot get between messages.
    package static func takeStandardStreams() throws(TransportError) -> (input: Int32, output: Int32) {
        let input = fcntl(0, F_DUPFD_CLOEXEC, 3)
        let output = fcntl(1, F_DUPFD_CLOEXEC, 3)
        guard input >= 0, output >= 0 else {
            throw TransportError("Standard input and output must be open to talk over stdio.")
        }
        let nothing = open("/dev/null", O_RDONLY)
        guard nothing >= 0, dup2(nothing, 0) == 0, dup2(2, 1) == 1 else {
            throw TransportError("Standard input and output cannot be redirected.")
        }
        if nothing > 2 { close(nothing) }
        return (input, output)
    }

    /// Talks over the two descriptors, which it owns from here on.
    package static func start(
        input: Int32, output: Int32, group: any EventLoopGroup,
        configuration: TransportConfiguration = TransportConfiguration(), handler: any ConnectionHandler
    ) throws(TransportError) -> EventLoopFuture<StdioConnection> {
        let pump = FilePump()
        let source = try pump.source(input)
        let sink = try pump.sink(output)
        return NIOPipeBootstrap(group: group)
            .channelOption(.allowRemoteHalfClosure, value: true)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let connection = Connection(channel: channel, peer: nil, configuration: configuration)
                    try channel.pipeline.syncOperations.addHandler(
                        ConnectionChannelHandler(
                            owner: handler, connection: connection, configuration: configuration))
                }
            }
            .takingOwnershipOfDescriptors(input: source, output: sink)
            .map { StdioConnection(channel: $0, pump: pump) }
    }

    /// Once the client is gone and everything is written. The future never fails.
    package func closed() -> EventLoopFuture<Void> {
        let (loop, pump) = (channel.eventLoop, pump)
        return channel.closeFuture.flatMap { pump.finished(on: loop) }
    }
}
