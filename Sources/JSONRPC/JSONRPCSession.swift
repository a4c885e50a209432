import JSONText

/// The server's side of one JSON-RPC connection: decides what each event means. No I/O.
///
/// States: `created` (no `initialize` yet), `initialized`, `shutDown` (after `shutdown`), `draining` (the input has
/// ended, answers are still due), `closed`.
///
/// | event                      | created          | initialized      | shutDown         | draining | closed |
/// |----------------------------|------------------|------------------|------------------|----------|--------|
/// | `initialize`               | deliver → initialized | -32600      | -32600           | ignore   | ignore |
/// | `shutdown`                 | -32002           | answer null → shutDown | -32600     | ignore   | ignore |
/// | another request            | -32002           | deliver          | -32600           | ignore   | ignore |
/// | a request whose id is in flight | -32600      | -32600           | -32600           | ignore   | ignore |
/// | a request beyond the limit | -32002           | 1009             | -32600           | ignore   | ignore |
/// | `initialized`              | ignore           | ignore           | ignore           | ignore   | ignore |
/// | `exit`                     | close → closed   | close → closed   | close → closed   | ignore   | ignore |
/// | `$/cancelRequest`, id in flight | cancel      | cancel           | cancel           | ignore   | ignore |
/// | `$/cancelRequest`, otherwise | ignore         | ignore           | ignore           | ignore   | ignore |
/// | another notification       | ignore           | notify           | ignore           | ignore   | ignore |
/// | a response                 | ignore           | ignore           | ignore           | ignore   | ignore |
/// | no JSON                    | -32700           | -32700           | -32700           | ignore   | ignore |
/// | a batch, no message        | -32600           | -32600           | -32600           | ignore   | ignore |
/// | framing lost               | close with error | close with error | close with error | ignore   | ignore |
/// | input ended, none in flight | close → closed  | close → closed   | close → closed   | ignore   | ignore |
/// | input ended, some in flight | → draining      | → draining       | → draining       | ignore   | ignore |
/// | answered                   | send             | send             | send             | send; the last closes | drop |
/// | answered, id not in flight | drop             | drop             | drop             | drop     | drop   |
///
/// An `initialize` that is answered with an error leads back to `created`. Requests may follow `initialize` without
/// waiting for its answer: they are delivered after it, in order. Whether a method exists is the owner's to say.
package struct JSONRPCSession: Sendable {
    package enum State: Hashable, Sendable, CaseIterable {
        case created, initialized, shutDown, draining, closed
    }

    package enum Action: Hashable, Sendable {
        case ignore
        /// Answer it, exactly once, now or later.
        case deliver(Request)
        case notify(Notification)
        /// The client does not want the answer any more: answer with -32800, or with the result if it is there.
        case cancel(RequestID)
        case send(Response)
        /// Send this, if anything, write out what is queued, and close.
        case close(Response?)
    }

    /// What becomes of an answer that the owner gave.
    package enum Disposal: Hashable, Sendable {
        case send
        case sendAndClose
        /// Nobody waits for it.
        case drop
    }

    package private(set) var state: State = .created
    private var inFlight: Set<RequestID> = []
    private var initializeID: RequestID?
    private let maxInFlight: Int

    package init(maxInFlight: Int = 4096) {
        self.maxInFlight = maxInFlight
    }

    package var requestsInFlight: Int { inFlight.count }

    package mutating func received(_ incoming: Incoming) -> Action {
        switch state {
        case .draining, .closed: return .ignore
        case .created, .initialized, .shutDown: break
        }
        switch incoming {
        case .message(.request(let request)): return received(request)
        case .message(.notification(let notification)): return received(notification)
        case .message(.response): return .ignore
        case .batch:
            return refuse(nil, "Batches are not served: send the requests one by one.")
        case .notJSON(let reason): return .send(Response(id: nil, error: ResponseError(.parseError, reason)))
        case .invalid(let message): return refuse(message.id, message.reason)
        }
    }

    private func refuse(_ id: RequestID?, _ reason: String) -> Action {
        .send(Response(id: id, error: ResponseError(.invalidRequest, reason)))
    }

    private mutating func received(_ request: Request) -> Action {
        if inFlight.contains(request.id) {
            return refuse(request.id, "The id \(request.id) belongs to a request that is not answered yet.")
        }
        switch (state, request.method) {
        case (.created, "initialize"):
            state = .initialized
            initializeID = request.id
        case (.created, _):
            let error = ResponseError(.notInitialized, "Send initialize first.")
            return .send(Response(id: request.id, error: error))
        case (.initialized, "initialize"):
            return refuse(request.id, "The connection is initialized already.")
        case (.initialized, "shutdown"):
            state = .shutDown
            return .send(Response(id: request.id, result: .null))
        case (.initialized, _): break
        case (.shutDown, _), (.draining, _), (.closed, _):
            return refuse(request.id, "After shutdown only exit may follow.")
        }
        guard inFlight.count < maxInFlight else {
            let message =
                "There are \(maxInFlight) requests without an answer, which is the limit: wait for some."
            return .send(Response(id: request.id, error: ResponseError(.tooLarge, message)))
        }
        inFlight.insert(request.id)
        return .deliver(request)
    }

    private mutating func received(_ notification: Notification) -> Action {
        switch notification.method {
        case "initialized": return .ignore
        case "exit":
            state = .closed
            return .close(nil)
        case "$/cancelRequest":
            guard let id = notification.params?["id"].flatMap(RequestID.init(json:)), inFlight.contains(id)
            else {
                return .ignore
            }
            return .cancel(id)
        default: return state == .initialized ? .notify(notification) : .ignore
        }
    }

    package mutating func framingFailed(_ error: FramingError) -> Action {
        switch state {
        case .draining, .closed: return .ignore
        case .created, .initialized, .shutDown:
            state = .closed
            return .close(error.response)
        }
    }

    /// The client sends no more. It still gets the answers that are due: scripts close their end early.
    package mutating func inputEnded() -> Action {
        switch state {
        case .draining, .closed: return .ignore
        case .created, .initialized, .shutDown:
            guard inFlight.isEmpty else {
                state = .draining
                return .ignore
            }
            state = .closed
            return .close(nil)
        }
    }

    /// The owner has an answer. Only the first one to a request goes out.
    package mutating func answered(_ id: RequestID, isError: Bool) -> Disposal {
        guard state != .closed, inFlight.remove(id) != nil else { return .drop }
        if id == initializeID {
            initializeID = nil
            if isError, state == .initialized { state = .created }
        }
        guard state == .draining, inFlight.isEmpty else { return .send }
        state = .closed
        return .sendAndClose
    }

    /// The connection is gone.
    package mutating func closed() {
        state = .closed
        inFlight = []
    }
}
