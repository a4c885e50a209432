import DaemonProtocol
import JSONRPC
import JSONText
import TerminalText

/// One initialised connection. Requests are answered one after another; notifications that arrive meanwhile
/// are kept.
final class DaemonConnection {
    private let channel: MessageChannel
    let info: DaemonInfo

    /// Milliseconds: a daemon that takes longer hangs.
    private static let handshakeTimeout = 10_000

    init(_ socket: UnixSocket) throws {
        channel = MessageChannel(socket)
        let params = Initialize.Params(
            clientInfo: ProgramInfo(name: "satchel", version: nil), protocolVersion: .current)
        let answer = try channel.call(Initialize.method, params.json, timeout: Self.handshakeTimeout)
        do throws(WireError) {
            info = try DaemonInfo(json: answer)
        } catch {
            throw CommandFailure(error)
        }
        try channel.notify(Initialized.notification(Nothing()))
    }

    /// `whileWaiting` is called once where the answer takes longer than a second, with what was notified until then.
    func call<Method: RequestMethod>(
        _: Method.Type, _ params: Method.Params, whileWaiting: (([JSONRPC.Notification]) -> Void)? = nil
    ) throws -> Method.Result {
        let answer = try channel.call(Method.method, params.json, timeout: nil, whileWaiting: whileWaiting)
        do throws(WireError) {
            return try Method.Result(json: answer)
        } catch {
            throw CommandFailure(error)
        }
    }

    func call(_ method: String, _ params: JSON) throws -> JSON {
        try channel.call(method, params, timeout: nil)
    }

    /// nil when `timeout` (milliseconds) is over.
    ///
    /// - output: ends the program when nobody reads this descriptor any more.
    func nextNotification(
        timeout: Int? = nil, whileRead output: Int32? = nil
    ) throws -> JSONRPC.Notification? {
        try channel.nextNotification(timeout: timeout, whileRead: output)
    }
}

/// Messages over a socket, with Content-Length framing.
private final class MessageChannel {
    private let socket: UnixSocket
    private var decoder = FrameDecoder()
    private var lastID: Int64 = 0
    private var arrived: [JSONRPC.Notification] = []

    init(_ socket: UnixSocket) {
        self.socket = socket
    }

    /// Milliseconds until somebody wants to know what is waited for.
    private static let patience: Int64 = 1_000

    func call(
        _ method: String, _ params: JSON, timeout: Int?, whileWaiting: (([JSONRPC.Notification]) -> Void)? = nil
    ) throws -> JSON {
        var whileWaiting = whileWaiting
        let tellAt = SystemClock.milliseconds + Self.patience
        lastID += 1
        let id = RequestID.int(lastID)
        try send(Request(id: id, method: method, params: params).serialized())
        let deadline = timeout.map { SystemClock.milliseconds + Int64($0) }
        while true {
            guard let message = try next(deadline: whileWaiting == nil ? deadline : tellAt) else {
                if let tell = whileWaiting {
                    tell(arrived)
                    whileWaiting = nil
                    continue
                }
                throw CommandFailure(
                    .unreachable, "The daemon does not answer: see its log, or restart satcheld.")
            }
            switch message {
            case .notification(let notification): arrived.append(notification)
            case .response(let response):
                guard response.id == id || response.id == nil else { continue }
                switch response.outcome {
                case .result(let result): return result
                case .error(let error): throw error
                }
            case .request: continue
            }
        }
    }

    func notify(_ notification: JSONRPC.Notification) throws {
        try send(notification.serialized())
    }

    func nextNotification(timeout: Int?, whileRead output: Int32?) throws -> JSONRPC.Notification? {
        if !arrived.isEmpty { return arrived.removeFirst() }
        let deadline = timeout.map { SystemClock.milliseconds + Int64($0) }
        while let message = try next(deadline: deadline, whileRead: output) {
            if case .notification(let notification) = message { return notification }
        }
        return nil
    }

    private func send(_ message: [UInt8]) throws {
        var bytes: [UInt8] = []
        Framing.contentLength.append(message, to: &bytes)
        do throws(UnixSocket.Failure) {
            try socket.write(bytes)
        } catch {
            throw CommandFailure(.unreachable, "The daemon closed the connection (\(error.message)).")
        }
    }

    /// nil when the deadline (milliseconds of the monotonic clock) is over.
    private func next(deadline: Int64?, whileRead output: Int32? = nil) throws -> Message? {
        while true {
            do {
                if let frame = try decoder.next() {
                    if case .message(let message) = Incoming(frame: frame) { return message }
                    throw CommandFailure(.failed, "The daemon sent something that is no JSON-RPC message.")
                }
            } catch is FramingError {
                throw CommandFailure(
                    .failed, "The daemon's messages cannot be read: is that satcheld at the socket?")
            }
            let left = deadline.map { Int(clamping: max(0, $0 - SystemClock.milliseconds)) }
            do throws(UnixSocket.Failure) {
                guard let bytes = try socket.read(timeout: left, whileRead: output) else { return nil }
                guard !bytes.isEmpty else {
                    throw UnixSocket.Failure(code: 0)
                }
                decoder.feed(bytes)
            } catch {
                let why = error.code == 0 ? "" : " (\(error.message))"
                throw CommandFailure(.unreachable, "The daemon went away\(why): run the command again.")
            }
        }
    }
}
