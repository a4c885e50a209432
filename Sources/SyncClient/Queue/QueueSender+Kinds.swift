/// States and events without what they carry: the two sides of the table in `Protocol/sync-stream.md`.
extension QueueSender {
    package enum StateKind: String, CaseIterable, Hashable, Sendable {
        case idle, paused, taking, sending, delivering, recovering, waiting
    }

    package var stateKind: StateKind {
        switch state {
        case .idle: .idle
        case .paused: .paused
        case .replica(.taking): .taking
        case .replica(.delivering): .delivering
        case .replica(.recovering): .recovering
        case .sending: .sending
        case .waiting: .waiting
        }
    }

    package enum EventKind: String, CaseIterable, Hashable, Sendable {
        case queueChanged, batchTaken, answerReceived, requestFailed, verdictsStored, recovered, replicaFailed
        case timerFired, connectionUp, paused, resumed, nudged, woke
    }
}

extension QueueSender.Event {
    package var kind: QueueSender.EventKind {
        switch self {
        case .queueChanged: .queueChanged
        case .batchTaken: .batchTaken
        case .answerReceived: .answerReceived
        case .requestFailed: .requestFailed
        case .verdictsStored: .verdictsStored
        case .recovered: .recovered
        case .replicaFailed: .replicaFailed
        case .timerFired: .timerFired
        case .connectionUp: .connectionUp
        case .paused: .paused
        case .resumed: .resumed
        case .nudged: .nudged
        case .woke: .woke
        }
    }
}

extension QueueSender.Action {
    package var name: String {
        switch self {
        case .takeBatch: "takeBatch"
        case .send: "send"
        case .cancelRequest: "cancelRequest"
        case .startTimer: "startTimer"
        case .cancelTimer: "cancelTimer"
        case .deliver: "deliver"
        case .recover: "recover"
        case .statusChanged: "statusChanged"
        }
    }
}
