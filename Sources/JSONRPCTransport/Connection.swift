import JSONRPC
import NIOCore
import Synchronization

/// Who is on the other end of a Unix socket.
package struct Peer: Hashable, Sendable {
    package let user: UInt32
    package let process: Int32

    package init(user: UInt32, process: Int32) {
        self.user = user
        self.process = process
    }
}

/// One client, as its owner sees it. Everything here may be called from any thread.
///
/// Messages go out in the order of the calls. Calls that come together share one write.
package final class Connection: Sendable {
    /// Unique in this process.
    package let id: Int
    /// nil for stdio.
    package let peer: Peer?
    private let channel: any Channel
    private let state: Mutex<State>

    private struct State {
        var session: JSONRPCSession
        var outbox: Outbox
        /// nil until the client has sent its first byte: nothing can be said to it before.
        var framing: Framing?
        /// Somebody will flush: the running read, or a scheduled event.
        var isFlushDue = false
        var closesWhenEmpty = false
        var isClosed = false
    }

    private static let lastID = Mutex(0)

    init(channel: any Channel, peer: Peer?, configuration: TransportConfiguration) {
        id = Self.lastID.withLock {
            $0 += 1
            return $0
        }
        self.peer = peer
        self.channel = channel
        state = Mutex(
            State(
                session: JSONRPCSession(maxInFlight: configuration.requestsInFlight),
                outbox: Outbox(limits: configuration.outbox)))
    }

    /// Answers a request. Only the first answer to a request goes out, and none after the connection is closed.
    package func answer(_ id: RequestID, _ outcome: Response.Outcome) {
        let isError = if case .error = outcome { true } else { false }
        answer(id, Response(id: id, outcome: outcome).serialized(), isError: isError)
    }

    /// The same with a result that is compact JSON already.
    package func answer(_ id: RequestID, serializedResult result: [UInt8]) {
        answer(id, Response.serialized(id: id, result: result), isError: false)
    }

    private func answer(_ id: RequestID, _ message: [UInt8], isError: Bool) {
        enqueue { state in
            switch state.session.answered(id, isError: isError) {
            case .drop: return nil
            case .send: return message
            case .sendAndClose:
                state.closesWhenEmpty = true
                return message
            }
        }
    }

    /// False: not sent, because the client is too slow (the outbox is full; `outboxDrained` will tell when
    /// there is room again), or gone.
    @discardableResult
    package func notify(_ notification: Notification) -> Bool {
        if isOutboxFull { return false }
        return notify(serialized: notification.serialized())
    }

    /// The same for a notification that was serialised once for several connections.
    @discardableResult
    package func notify(serialized message: [UInt8]) -> Bool {
        enqueue { $0.outbox.isFull ? nil : message }
    }

    package var isOutboxFull: Bool { state.withLock { $0.outbox.isFull } }
    package var isClosed: Bool { state.withLock { $0.isClosed } }
    package var requestsInFlight: Int { state.withLock { $0.session.requestsInFlight } }

    /// Writes out what is queued, then closes.
    package func close() {
        closeWhenEmpty()
        requestFlush()
    }

    @discardableResult
    private func enqueue(_ choose: (inout sending State) -> [UInt8]?) -> Bool {
        let (isQueued, mustSchedule) = state.withLock { state -> (Bool, Bool) in
            guard !state.isClosed, let framing = state.framing, let message = choose(&state) else {
                return (false, false)
            }
            state.outbox.append { framing.append(message, to: &$0) }
            let mustSchedule = !state.isFlushDue
            state.isFlushDue = true
            return (true, mustSchedule)
        }
        if mustSchedule { requestFlush() }
        return isQueued
    }

    /// Hops to the event loop by itself.
    private func requestFlush() {
        channel.pipeline.fireUserInboundEventTriggered(FlushRequest())
    }
}

/// Asks the channel handler to write what the outbox holds.
struct FlushRequest: Sendable {}

/// The channel handler's side. All of it is called on the event loop.
extension Connection {
    /// What is queued from here on is written by the caller, who asks for batches until there are none.
    func beginTurn(framing: Framing?) {
        state.withLock {
            $0.framing = framing
            $0.isFlushDue = true
        }
    }

    func received(_ incoming: Incoming) -> JSONRPCSession.Action {
        state.withLock { $0.session.received(incoming) }
    }

    func framingFailed(_ error: FramingError) -> JSONRPCSession.Action {
        state.withLock { $0.session.framingFailed(error) }
    }

    func inputEnded() -> JSONRPCSession.Action {
        state.withLock { $0.session.inputEnded() }
    }

    /// An answer that the session gave by itself.
    func send(_ response: Response) {
        let message = response.serialized()
        enqueue { _ in message }
    }

    func closeWhenEmpty() {
        state.withLock { $0.closesWhenEmpty = true }
    }

    func nextBatch() -> ArraySlice<UInt8>? {
        state.withLock { state in
            if let batch = state.outbox.nextBatch() { return batch }
            // Under the same lock, or a message queued just now would wait for the next one.
            state.isFlushDue = false
            return nil
        }
    }

    func batchWritten() -> Bool {
        state.withLock { $0.outbox.batchWritten() }
    }

    var mustCloseNow: Bool {
        state.withLock { $0.closesWhenEmpty && $0.outbox.isEmpty }
    }

    func closed() {
        state.withLock {
            $0.isClosed = true
            $0.session.closed()
        }
    }
}
