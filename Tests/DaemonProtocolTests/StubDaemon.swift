import DaemonProtocol
import JSONRPC
import JSONText

@testable import TranscriptTesting

/// A daemon without data: the real framing, session and parameter types, and the answers that `daemon.json`
/// gives as examples. Bytes in, bytes out.
final class StubDaemon {
    private let description: ProtocolDescription
    /// `sync/now` fails.
    private let isFaulty: Bool
    private var decoder = FrameDecoder()
    private var session = JSONRPCSession()
    private(set) var output: [UInt8] = []
    private(set) var isClosed = false

    init(description: ProtocolDescription, isFaulty: Bool = false) {
        self.description = description
        self.isFaulty = isFaulty
    }

    func takeOutput() -> [UInt8] {
        defer { output = [] }
        return output
    }

    func received(_ bytes: [UInt8]) {
        decoder.feed(bytes)
        while !isClosed {
            do throws(FramingError) {
                guard let frame = try decoder.next() else { return }
                run(session.received(Incoming(frame: frame)))
            } catch {
                run(session.framingFailed(error))
            }
        }
    }

    func inputEnded() { run(session.inputEnded()) }

    private func send(_ response: Response) {
        decoder.framing?.append(response.serialized(), to: &output)
    }

    private func run(_ action: JSONRPCSession.Action) {
        switch action {
        case .ignore, .notify: break
        case .deliver(let request):
            if let response = answer(request) { answered(response) }
        case .cancel(let id):
            answered(Response(id: id, error: ResponseError(.cancelled, "The request was cancelled.")))
        case .send(let response): send(response)
        case .close(let response):
            if let response { send(response) }
            isClosed = true
        }
    }

    private func answered(_ response: Response) {
        guard let id = response.id else { return }
        let isError = if case .error = response.outcome { true } else { false }
        switch session.answered(id, isError: isError) {
        case .drop: break
        case .send: send(response)
        case .sendAndClose:
            send(response)
            isClosed = true
        }
    }

    /// nil: the request waits.
    private func answer(_ request: Request) -> Response? {
        guard let method = Registry.requests.first(where: { $0.method == request.method }) else {
            let message = "There is no method \(request.method)."
            return Response(id: request.id, error: ResponseError(.methodNotFound, message))
        }
        do throws(ResponseError) {
            return try answer(request, as: method)
        } catch {
            return Response(id: request.id, error: error)
        }
    }

    private func answer<M: RequestMethod>(_ request: Request, as method: M.Type) throws(ResponseError)
        -> Response?
    {
        let params = try M.params(of: request)
        if isFaulty, M.method == SyncNow.method {
            throw ResponseError(.internalError, "This is the daemon's fault.")
        }
        let result = description.method(M.method)?.examples("result").first ?? nil
        guard let wait = params as? WaitForSync.Params else {
            return Response(id: request.id, result: result)
        }
        guard wait.timeout == 0 else { return nil }
        guard let status = try? SyncStatus(json: result) else {
            throw ResponseError(.internalError, "No example.")
        }
        throw .timeout("Not in sync yet.", status: status)
    }
}

/// The stub in the same process.
final class StubPeer: TranscriptPeer {
    private let stub: StubDaemon

    init(_ stub: StubDaemon) {
        self.stub = stub
    }

    func write(_ bytes: [UInt8]) { if !stub.isClosed { stub.received(bytes) } }
    func endInput() { stub.inputEnded() }

    func read() throws -> [UInt8]? {
        let bytes = stub.takeOutput()
        if !bytes.isEmpty { return bytes }
        if stub.isClosed { return nil }
        throw TranscriptError("nothing comes any more")
    }
}
