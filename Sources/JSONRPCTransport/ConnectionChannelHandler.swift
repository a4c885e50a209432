import JSONRPC
import NIOCore

/// Turns bytes into calls of the owner, and the outbox into writes. Decides nothing itself: framing, session
/// and outbox are values that do.
final class ConnectionChannelHandler: ChannelInboundHandler, ChannelOutboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private let owner: any ConnectionHandler
    private let connection: Connection
    private let writeStall: TimeAmount
    private var decoder: FrameDecoder
    private var hasInputEnded = false
    /// The session wants to close: what else comes in is not looked at.
    private var isClosing = false
    private var isWriting = false
    private var isFlushing = false
    private var isProcessing = false
    private var isWriteOutDue = false
    private var stall: Scheduled<Void>?
    /// A read was asked for while the outbox was full.
    private var isReadDue = false

    init(owner: any ConnectionHandler, connection: Connection, configuration: TransportConfiguration) {
        self.owner = owner
        self.connection = connection
        writeStall = configuration.writeStall
        decoder = FrameDecoder(limits: configuration.framing)
    }

    func channelActive(context: ChannelHandlerContext) {
        owner.connected(connection)
        context.fireChannelActive()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let buffer = unwrapInboundIn(data)
        guard !isClosing else { return }
        buffer.withUnsafeReadableBytes { decoder.feed($0) }
        process(context: context)
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        writeOutSoon(context: context)
        context.fireChannelReadComplete()
    }

    /// While the outbox is full nothing is read: a client that asks but does not listen waits for itself.
    func read(context: ChannelHandlerContext) {
        if connection.isOutboxFull {
            isReadDue = true
        } else {
            context.read()
        }
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if event is FlushRequest {
            writeOut(context: context)
        } else if let event = event as? ChannelEvent, event == .inputClosed {
            hasInputEnded = true
            process(context: context)
            writeOutSoon(context: context)
        } else {
            context.fireUserInboundEventTriggered(event)
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        context.close(promise: nil)
    }

    func channelInactive(context: ChannelHandlerContext) {
        stall?.cancel()
        isClosing = true
        connection.closed()
        owner.closed(connection)
        context.fireChannelInactive()
    }
}

extension ConnectionChannelHandler {
    /// Hands out every whole message, as long as the client takes the answers.
    private func process(context: ChannelHandlerContext) {
        guard !isProcessing else { return }
        isProcessing = true
        defer { isProcessing = false }
        var isFirst = true
        while !isClosing, !connection.isOutboxFull {
            do throws(FramingError) {
                guard let frame = try decoder.next() else {
                    if hasInputEnded { run(connection.inputEnded()) }
                    return
                }
                if isFirst { connection.beginTurn(framing: decoder.framing) }
                isFirst = false
                run(connection.received(Incoming(frame: frame)))
            } catch {
                connection.beginTurn(framing: decoder.framing)
                run(connection.framingFailed(error))
            }
        }
    }

    private func run(_ action: JSONRPCSession.Action) {
        switch action {
        case .ignore: break
        case .deliver(let request): owner.received(request, on: connection)
        case .notify(let notification): owner.received(notification, on: connection)
        case .cancel(let id): owner.cancelled(id, on: connection)
        case .send(let response): connection.send(response)
        case .close(let response):
            if let response { connection.send(response) }
            isClosing = true
            connection.closeWhenEmpty()
        }
    }

    /// Once the channel has dealt with what it read, in the same turn of the event loop: a write may find the
    /// client gone, and the channel must not be closed under its own feet.
    private func writeOutSoon(context: ChannelHandlerContext) {
        guard !isWriteOutDue else { return }
        isWriteOutDue = true
        context.eventLoop.assumeIsolated().execute {
            self.isWriteOutDue = false
            self.writeOut(context: context)
        }
    }

    private func writeOut(context: ChannelHandlerContext) {
        guard !isFlushing, !connection.isClosed else { return }
        isFlushing = true
        defer { isFlushing = false }
        while !isWriting, let batch = connection.nextBatch() {
            write(batch, context: context)
        }
        if connection.mustCloseNow { context.close(promise: nil) }
    }

    private func write(_ batch: ArraySlice<UInt8>, context: ChannelHandlerContext) {
        var buffer = context.channel.allocator.buffer(capacity: batch.count)
        buffer.writeBytes(batch)
        isWriting = true
        let promise = context.eventLoop.makePromise(of: Void.self)
        context.writeAndFlush(wrapOutboundOut(buffer), promise: promise)
        // Completed already, when the client keeps up.
        promise.futureResult.assumeIsolated().whenComplete { self.written($0, context: context) }
        guard isWriting else { return }
        stall = context.eventLoop.assumeIsolated().scheduleTask(in: writeStall) {
            context.close(promise: nil)
        }
    }

    private func written(_ result: Result<Void, any Error>, context: ChannelHandlerContext) {
        stall?.cancel()
        stall = nil
        isWriting = false
        guard case .success = result else { return context.close(promise: nil) }
        let isDrained = connection.batchWritten()
        if isDrained { drained(context: context) }
        // Inside `writeOut` its loop goes on.
        if !isFlushing { writeOut(context: context) }
    }

    /// There is room again: the owner first, then the messages that waited, then new ones.
    private func drained(context: ChannelHandlerContext) {
        owner.outboxDrained(connection)
        process(context: context)
        guard isReadDue, !connection.isOutboxFull else { return }
        isReadDue = false
        context.read()
    }
}
