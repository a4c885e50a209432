import SyncClient
import SyncModel
import SyncProtocol
import Testing

/// Every event in every state does what the table in `Protocol/sync-stream.md` says.
@Suite struct SyncStreamTableTests {
    @Test func theTableIsTotal() throws {
        let table = try StateTable(under: "## The stream: states × events")
        #expect(table.states == SyncStream.StateKind.allCases.map(\.rawValue))
        #expect(table.events == SyncStream.EventKind.allCases.map(\.rawValue))
    }

    @Test(arguments: SyncStream.StateKind.allCases, SyncStream.EventKind.allCases)
    func eachCellHolds(state: SyncStream.StateKind, event: SyncStream.EventKind) throws {
        let table = try StateTable(under: "## The stream: states × events")
        var fixture = try Self.fixture(in: state)
        #expect(fixture.stream.stateKind == state)
        let actions = fixture.feed(try Self.event(event, fixture))
        let cell = StateTable.Cell(state: fixture.stream.stateKind.rawValue, actions: actions.map(\.name))
        #expect(cell == table[event.rawValue, state.rawValue])
        #expect(fixture.faults == [])
    }

    private static func fixture(in state: SyncStream.StateKind) throws -> StreamFixture {
        var fixture = StreamFixture()
        let path: [SyncStream.EventKind] =
            switch state {
            case .stopped: []
            case .paused: [.started, .paused]
            case .asking: [.started]
            case .live: [.started, .answerReceived, .batchApplied]
            case .applying: [.started, .answerReceived]
            case .waiting: [.started, .requestFailed]
            }
        for kind in path { fixture.feed(try event(kind, fixture)) }
        return fixture
    }

    /// The event as it comes in earnest: for the request and the timer that are under way.
    private static func event(_ kind: SyncStream.EventKind, _ fixture: StreamFixture) throws
        -> SyncStream.Event
    {
        let request = fixture.inFlight?.id ?? RequestID(1)
        let timer = fixture.timer ?? TimerID(1)
        let first = try StreamFixture.shape("s1")
        return switch kind {
        case .started: .started([first])
        case .shapesChanged: .shapesChanged([first, try StreamFixture.shape("s2")])
        case .answerProgressed: .answerProgressed(request)
        case .answerReceived: .answerReceived(request, StreamFixture.batch())
        case .requestFailed: .requestFailed(request, .connection("gone"), random: 5)
        case .batchApplied: .batchApplied
        case .applyFailed: .applyFailed(random: 5)
        case .timerFired: .timerFired(timer, random: 5)
        case .paused: .paused
        case .resumed: .resumed
        case .nudged: .nudged
        case .networkChanged: .networkChanged
        case .woke: .woke
        case .barrierRequested: .barrierRequested(1)
        }
    }
}
