import SyncClient
import SyncModel
import SyncProtocol
import Testing

/// Every event in every state does what the table in `Protocol/sync-stream.md` says.
@Suite struct QueueSenderTableTests {
    @Test func theTableIsTotal() throws {
        let table = try StateTable(under: "## The sender: states × events")
        #expect(table.states == QueueSender.StateKind.allCases.map(\.rawValue))
        #expect(table.events == QueueSender.EventKind.allCases.map(\.rawValue))
    }

    @Test(arguments: QueueSender.StateKind.allCases, QueueSender.EventKind.allCases)
    func eachCellHolds(state: QueueSender.StateKind, event: QueueSender.EventKind) throws {
        let table = try StateTable(under: "## The sender: states × events")
        var fixture = Self.fixture(in: state)
        #expect(fixture.sender.stateKind == state)
        let actions = fixture.feed(Self.event(event, fixture))
        let cell = StateTable.Cell(state: fixture.sender.stateKind.rawValue, actions: actions.map(\.name))
        #expect(cell == table[event.rawValue, state.rawValue])
        #expect(fixture.faults == [])
    }

    private static func fixture(in state: QueueSender.StateKind) -> SenderFixture {
        var fixture = SenderFixture()
        switch state {
        case .idle: break
        case .paused: fixture.feed(.paused)
        case .taking: fixture.feed(.queueChanged)
        case .sending:
            for kind in [QueueSender.EventKind.queueChanged, .batchTaken] {
                fixture.feed(event(kind, fixture))
            }
        case .delivering:
            for kind in [QueueSender.EventKind.queueChanged, .batchTaken, .answerReceived] {
                fixture.feed(event(kind, fixture))
            }
        case .recovering:
            for kind in [QueueSender.EventKind.queueChanged, .batchTaken] {
                fixture.feed(event(kind, fixture))
            }
            if let id = fixture.inFlight?.id {
                fixture.feed(
                    .requestFailed(id, .service(.sequenceGap(expected: 1), retryAfter: 0), random: 5))
            }
        case .waiting:
            for kind in [QueueSender.EventKind.queueChanged, .batchTaken, .requestFailed] {
                fixture.feed(event(kind, fixture))
            }
        }
        return fixture
    }

    /// The event as it comes in earnest: for the request and the timer that are under way.
    private static func event(_ kind: QueueSender.EventKind, _ fixture: SenderFixture) -> QueueSender.Event {
        let request = fixture.inFlight?.request ?? SenderFixture.request(1...2)
        let id = fixture.inFlight?.id ?? RequestID(1)
        return switch kind {
        case .queueChanged: .queueChanged
        case .batchTaken: .batchTaken(request)
        case .answerReceived: .answerReceived(id, SenderFixture.answer(to: request))
        case .requestFailed: .requestFailed(id, .connection("gone"), random: 5)
        case .verdictsStored: .verdictsStored
        case .recovered: .recovered(random: 5)
        case .replicaFailed: .replicaFailed(random: 5)
        case .timerFired: .timerFired(fixture.timer ?? TimerID(1), random: 5)
        case .connectionUp: .connectionUp
        case .paused: .paused
        case .resumed: .resumed
        case .nudged: .nudged
        case .woke: .woke
        }
    }
}
