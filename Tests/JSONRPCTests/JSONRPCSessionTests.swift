import JSONRPC
import JSONText
import Testing

/// The table of `JSONRPCSession` as a total function: every state meets every event.
@Suite struct JSONRPCSessionTests {
    enum Event: CaseIterable {
        case initialize, shutdown, request, duplicate, beyondLimit, initialized, exit, cancelKnown,
            cancelUnknown
        case cancelWithoutID, notification, response, notJSON, batch, invalid, framingLost, inputEnded,
            inputEndedIdle
        case answered, answeredTwice
    }

    enum Outcome: Equatable {
        case ignore, deliver, notify, cancel, null, close, closeWithError, drop, sent, sentAndClosed
        case error(Int)
    }

    /// In `draining` and `closed` nothing that comes in counts.
    private static func expected(_ state: JSONRPCSession.State, _ event: Event) -> (
        Outcome, JSONRPCSession.State
    ) {
        switch (state, event) {
        case (.draining, .answered): return (.sentAndClosed, .closed)
        case (.closed, .answered), (_, .answeredTwice): return (.drop, state)
        case (.draining, _), (.closed, _): return (.ignore, state)
        case (_, .answered): return (.sent, state)
        case (.created, .initialize): return (.deliver, .initialized)
        case (.initialized, .shutdown): return (.null, .shutDown)
        case (.initialized, .request): return (.deliver, state)
        case (.initialized, .beyondLimit): return (.error(1009), state)
        case (_, .duplicate): return (.error(-32600), state)
        case (.created, .shutdown), (.created, .request), (.created, .beyondLimit):
            return (.error(-32002), state)
        case (.initialized, .initialize), (.shutDown, .initialize), (.shutDown, .shutdown),
            (.shutDown, .request),
            (.shutDown, .beyondLimit):
            return (.error(-32600), state)
        case (_, .exit), (_, .inputEndedIdle): return (.close, .closed)
        case (_, .cancelKnown): return (.cancel, state)
        case (.initialized, .notification): return (.notify, state)
        case (_, .initialized), (_, .cancelUnknown), (_, .cancelWithoutID), (_, .notification),
            (_, .response):
            return (.ignore, state)
        case (_, .notJSON): return (.error(-32700), state)
        case (_, .batch), (_, .invalid): return (.error(-32600), state)
        case (_, .framingLost): return (.closeWithError, .closed)
        case (_, .inputEnded): return (.ignore, .draining)
        }
    }

    /// A session in the state, with the request 1 in flight (which `closed` cannot have).
    private func session(_ state: JSONRPCSession.State, idle: Bool = false, limit: Int = 10) -> JSONRPCSession {
        var session = JSONRPCSession(maxInFlight: limit)
        func request(_ id: RequestID, _ method: String) {
            _ = session.received(.message(.request(Request(id: id, method: method))))
        }
        request(0, "initialize")
        request(1, "work")
        if idle { _ = session.answered(1, isError: false) }
        if state == .created {
            _ = session.answered(0, isError: true)
            return session
        }
        _ = session.answered(0, isError: false)
        switch state {
        case .created, .initialized: break
        case .shutDown: request(2, "shutdown")
        case .draining: _ = session.inputEnded()
        case .closed: _ = session.received(.message(.notification(Notification(method: "exit"))))
        }
        return session
    }

    private func outcome(_ action: JSONRPCSession.Action) -> Outcome {
        switch action {
        case .ignore: .ignore
        case .deliver: .deliver
        case .notify: .notify
        case .cancel: .cancel
        case .close(nil): .close
        case .close(.some): .closeWithError
        case .send(let response):
            switch response.outcome {
            case .result: .null
            case .error(let error): .error(error.code)
            }
        }
    }

    private func outcome(_ disposal: JSONRPCSession.Disposal) -> Outcome {
        switch disposal {
        case .send: .sent
        case .sendAndClose: .sentAndClosed
        case .drop: .drop
        }
    }

    private func apply(_ event: Event, to session: inout JSONRPCSession) -> Outcome {
        func request(_ id: RequestID, _ method: String) -> Outcome {
            outcome(session.received(.message(.request(Request(id: id, method: method)))))
        }
        func notification(_ method: String, _ params: JSON? = nil) -> Outcome {
            outcome(session.received(.message(.notification(Notification(method: method, params: params)))))
        }
        switch event {
        case .initialize: return request(9, "initialize")
        case .shutdown: return request(9, "shutdown")
        case .request, .beyondLimit: return request(9, "sync/status")
        case .duplicate: return request(1, "sync/status")
        case .initialized: return notification("initialized")
        case .exit: return notification("exit")
        case .cancelKnown: return notification("$/cancelRequest", ["id": 1])
        case .cancelUnknown: return notification("$/cancelRequest", ["id": "1"])
        case .cancelWithoutID: return notification("$/cancelRequest")
        case .notification: return notification("$/setTrace")
        case .response: return outcome(session.received(.message(.response(Response(id: 1, result: 1)))))
        case .notJSON: return outcome(session.received(.notJSON(reason: "no")))
        case .batch: return outcome(session.received(.batch))
        case .invalid: return outcome(session.received(.invalid(InvalidMessage(id: 9, reason: "no"))))
        case .framingLost: return outcome(session.framingFailed(.headerTooLong(limit: 1)))
        case .inputEnded, .inputEndedIdle: return outcome(session.inputEnded())
        case .answered: return outcome(session.answered(1, isError: false))
        case .answeredTwice: return outcome(session.answered(77, isError: false))
        }
    }

    @Test(arguments: JSONRPCSession.State.allCases)
    func everyStateMeetsEveryEvent(state: JSONRPCSession.State) {
        for event in Event.allCases {
            // Draining without a request in flight does not exist.
            if state == .draining, event == .inputEndedIdle { continue }
            var session = session(
                state, idle: event == .inputEndedIdle, limit: event == .beyondLimit ? 2 : 10)
            if event == .beyondLimit {
                _ = session.received(.message(.request(Request(id: 5, method: "takes the second place"))))
            }
            #expect(session.state == state, "cannot make \(state)")
            let (outcome, next) = Self.expected(state, event)
            #expect(apply(event, to: &session) == outcome, "\(event) in \(state)")
            #expect(session.state == next, "\(event) in \(state)")
        }
    }

    @Test func errorsCarryTheIDOfTheirRequest() {
        var session = JSONRPCSession()
        guard
            case .send(let response) = session.received(
                .message(.request(Request(id: "a", method: "sync/now"))))
        else {
            Issue.record("no answer")
            return
        }
        #expect(response.id == "a")
        #expect(session.received(.batch) != .ignore)
        #expect(session.requestsInFlight == 0)
    }

    @Test func anInitializeThatFailsMayBeRepeated() {
        var session = JSONRPCSession()
        let initialize = Incoming.message(.request(Request(id: 1, method: "initialize")))
        #expect(session.received(initialize) == .deliver(Request(id: 1, method: "initialize")))
        #expect(session.answered(1, isError: true) == .send)
        #expect(session.state == .created)
        #expect(session.received(initialize) == .deliver(Request(id: 1, method: "initialize")))
        #expect(session.answered(1, isError: false) == .send)
        #expect(session.state == .initialized)
    }

    @Test func anIDMayBeUsedAgainOnceItIsAnswered() {
        var session = session(.initialized)
        #expect(session.answered(1, isError: false) == .send)
        #expect(session.answered(1, isError: false) == .drop)
        #expect(
            session.received(.message(.request(Request(id: 1, method: "m"))))
                == .deliver(Request(id: 1, method: "m")))
    }

    @Test func requestsThatWereTakenBeforeShutdownAreStillAnswered() {
        var session = session(.shutDown)
        #expect(session.answered(1, isError: false) == .send)
    }

    @Test func theLastAnswerAfterTheEndOfInputCloses() {
        var session = session(.initialized)
        _ = session.received(.message(.request(Request(id: 2, method: "m"))))
        #expect(session.inputEnded() == .ignore)
        #expect(session.answered(1, isError: false) == .send)
        #expect(session.answered(2, isError: true) == .sendAndClose)
        #expect(session.state == .closed)
    }

    @Test func nothingGoesOutOnceTheConnectionIsGone() {
        var session = session(.initialized)
        session.closed()
        #expect(session.answered(1, isError: false) == .drop)
        #expect(session.requestsInFlight == 0)
    }
}
