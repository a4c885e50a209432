import SyncModel
import SyncProtocol

/// Keeps the device's copy of the schema fresh, as a value: fetches when told that it may be out of date.
package struct SchemaFetcher: Sendable {
    enum State: Hashable, Sendable {
        case idle
        /// `isStale`: told again since the request was sent.
        case fetching(RequestID, TimerID, isStale: Bool)
        case waiting(TimerID)
    }

    package enum Action: Hashable, Sendable {
        /// `GET /v1/schema`; the tag of what is held, if anything is.
        case request(ifNoneMatch: String?, RequestID)
        case cancelRequest(RequestID)
        case startTimer(TimerID, milliseconds: Int)
        case cancelTimer(TimerID)
        case deliver(SchemaAnswer, entityTag: String?)
    }

    package enum Event: Hashable, Sendable {
        /// What is held is missing or may be out of date.
        case needed
        /// nil: what is held is still right.
        case answerReceived(RequestID, SchemaAnswer?, entityTag: String?)
        case requestFailed(RequestID, RequestFailure, random: UInt64)
        case timerFired(TimerID, random: UInt64)
        /// What was delivered could not be stored.
        case deliveryFailed(random: UInt64)
        /// The service is reached again.
        case connectionUp
        case paused
    }

    /// Milliseconds to wait for the answer.
    package static let patience = 30_000

    private(set) var state = State.idle
    private var backoff = Backoff()
    private var entityTag: String?
    private var requests = 0
    private var timers = 0

    /// `entityTag`: of what is held from an earlier run.
    package init(entityTag: String? = nil) {
        self.entityTag = entityTag
    }

    package mutating func receive(_ event: Event) -> [Action] {
        switch event {
        case .needed: needed()
        case .answerReceived(let id, let answer, let tag): answerReceived(id, answer, entityTag: tag)
        case .requestFailed(let id, let failure, let random): requestFailed(id, failure, random: random)
        case .timerFired(let id, let random): timerFired(id, random: random)
        case .deliveryFailed(let random): deliveryFailed(random: random)
        case .connectionUp: connectionUp()
        case .paused: paused()
        }
    }

    private mutating func fetch() -> [Action] {
        let (request, timer) = (nextRequest(), nextTimer())
        state = .fetching(request, timer, isStale: false)
        return [.request(ifNoneMatch: entityTag, request), .startTimer(timer, milliseconds: Self.patience)]
    }

    private mutating func needed() -> [Action] {
        switch state {
        case .idle: return fetch()
        case .fetching(let request, let timer, _):
            state = .fetching(request, timer, isStale: true)
            return []
        case .waiting: return []
        }
    }

    private mutating func answerReceived(
        _ id: RequestID, _ answer: SchemaAnswer?, entityTag tag: String?
    ) -> [Action] {
        switch state {
        case .fetching(id, let timer, let isStale):
            backoff.reset()
            if answer != nil { entityTag = tag }
            let delivery: [Action] = answer.map { [.deliver($0, entityTag: tag)] } ?? []
            if isStale { return delivery + fetch() }
            state = .idle
            return [.cancelTimer(timer)] + delivery
        case .idle, .fetching, .waiting: return []
        }
    }

    private mutating func requestFailed(_ id: RequestID, _ failure: RequestFailure, random: UInt64)
        -> [Action]
    {
        switch state {
        case .fetching(id, _, _): wait(failure, random: random)
        case .idle, .fetching, .waiting: []
        }
    }

    private mutating func wait(_ failure: RequestFailure, random: UInt64) -> [Action] {
        let timer = nextTimer()
        state = .waiting(timer)
        let delay = backoff.next(random: random, atLeast: failure.retryAfter)
        return [.startTimer(timer, milliseconds: delay)]
    }

    private mutating func timerFired(_ id: TimerID, random: UInt64) -> [Action] {
        switch state {
        case .fetching(let request, id, _): [.cancelRequest(request)] + wait(.timedOut, random: random)
        case .waiting(id): fetch()
        case .idle, .fetching, .waiting: []
        }
    }

    /// The tag of an answer that is not held would only bring "not modified".
    private mutating func deliveryFailed(random: UInt64) -> [Action] {
        entityTag = nil
        switch state {
        case .idle: return wait(.cutOff, random: random)
        case .fetching(let request, let timer, _):
            state = .fetching(request, timer, isStale: true)
            return []
        case .waiting: return []
        }
    }

    private mutating func connectionUp() -> [Action] {
        switch state {
        case .waiting:
            backoff.reset()
            return fetch()
        // The service may have been started anew, with another data model.
        case .idle: return entityTag == nil ? [] : fetch()
        case .fetching: return []
        }
    }

    /// Nothing is fetched until it is needed again.
    private mutating func paused() -> [Action] {
        defer { state = .idle }
        return switch state {
        case .idle: []
        case .fetching(let request, let timer, _): [.cancelRequest(request), .cancelTimer(timer)]
        case .waiting(let timer): [.cancelTimer(timer)]
        }
    }

    private mutating func nextRequest() -> RequestID {
        requests += 1
        return RequestID(requests)
    }

    private mutating func nextTimer() -> TimerID {
        timers += 1
        return TimerID(timers)
    }
}
