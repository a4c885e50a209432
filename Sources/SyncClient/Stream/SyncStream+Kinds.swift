/// States and events without what they carry: the two sides of the table in `Protocol/sync-stream.md`.
extension SyncStream {
    package enum StateKind: String, CaseIterable, Hashable, Sendable {
        case stopped, paused, asking, live, applying, waiting
    }

    package var stateKind: StateKind {
        switch state {
        case .stopped: .stopped
        case .paused: .paused
        case .asking: .asking
        case .live: .live
        case .applying: .applying
        case .waiting: .waiting
        }
    }

    package enum EventKind: String, CaseIterable, Hashable, Sendable {
        case started, shapesChanged, answerProgressed, answerReceived, requestFailed, batchApplied,
            applyFailed
        case timerFired, paused, resumed, nudged, networkChanged, woke, barrierRequested
    }
}

extension SyncStream.Event {
    package var kind: SyncStream.EventKind {
        switch self {
        case .started: .started
        case .shapesChanged: .shapesChanged
        case .answerProgressed: .answerProgressed
        case .answerReceived: .answerReceived
        case .requestFailed: .requestFailed
        case .batchApplied: .batchApplied
        case .applyFailed: .applyFailed
        case .timerFired: .timerFired
        case .paused: .paused
        case .resumed: .resumed
        case .nudged: .nudged
        case .networkChanged: .networkChanged
        case .woke: .woke
        case .barrierRequested: .barrierRequested
        }
    }
}

extension SyncStream.Action {
    package var name: String {
        switch self {
        case .request: "request"
        case .cancelRequest: "cancelRequest"
        case .startTimer: "startTimer"
        case .cancelTimer: "cancelTimer"
        case .apply: "apply"
        case .statusChanged: "statusChanged"
        case .barrierReached: "barrierReached"
        }
    }
}
