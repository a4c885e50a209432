import Shapes
import SyncClient
import SyncModel
import SyncProtocol
import Testing

@testable import Daemon

@Suite struct SyncCoordinatorTests {
    private static func shape() throws -> SyncRequest.Shape {
        SyncRequest.Shape(id: "s1", definition: try ShapeDefinition(table: TableName("notes")))
    }

    private func coordinator(_ state: SyncCoordinator.State) throws -> SyncCoordinator {
        var coordinator = SyncCoordinator(replica: ReplicaID("r"), batchSize: 10)
        switch state {
        case .stopped: break
        case .running: _ = coordinator.receive(.started([try Self.shape()], isPaused: false))
        case .paused: _ = coordinator.receive(.started([try Self.shape()], isPaused: true))
        }
        return coordinator
    }

    private func kinds(_ actions: [SyncCoordinator.Action]) -> [String] {
        actions.map { action in
            switch action {
            case .stream(let action): "stream.\(String(describing: action).prefix { $0 != "(" })"
            case .sender(let action): "sender.\(String(describing: action).prefix { $0 != "(" })"
            case .schema(let action): "schema.\(String(describing: action).prefix { $0 != "(" })"
            case .connectionChanged: "connectionChanged"
            }
        }
    }

    private static let asksAll = [
        "schema.request", "schema.startTimer", "stream.request", "stream.startTimer", "sender.takeBatch",
    ]

    /// Events × states of the table in the header: the state after, and what is done.
    @Test func everyEventHasItsAnswerInEveryState() throws {
        let shape = try Self.shape()
        let epoch = try #require(Epoch("7/1"))
        let other = SyncRequest.Shape(id: "s2", definition: shape.definition)
        typealias Cell = (SyncCoordinator.State, [String])
        let table: [(SyncCoordinator.Event, Cell, Cell, Cell)] = [
            (.started([shape], isPaused: false), (.running, Self.asksAll), (.running, []), (.paused, [])),
            (.started([shape], isPaused: true), (.paused, []), (.running, []), (.paused, [])),
            (.shapesChanged([shape, other]), (.stopped, []), (.running, []), (.paused, [])),
            (.queueChanged, (.stopped, []), (.running, []), (.paused, [])),
            (
                .paused, (.stopped, []),
                (
                    .paused,
                    [
                        "stream.cancelRequest", "stream.cancelTimer", "schema.cancelRequest", "schema.cancelTimer",
                    ]
                ), (.paused, [])
            ),
            (.resumed, (.stopped, []), (.running, []), (.running, Self.asksAll)),
            (.nudged, (.stopped, []), (.running, []), (.paused, [])),
            (.networkChanged, (.stopped, []), (.running, []), (.paused, [])),
            (
                .woke, (.stopped, []),
                (.running, ["stream.cancelRequest", "stream.request", "stream.startTimer"]), (.paused, [])
            ),
            (.barrierRequested(1), (.stopped, []), (.running, []), (.paused, [])),
            (.epochSeen(epoch), (.stopped, []), (.running, []), (.paused, [])),
            (.schemaSeen("a"), (.stopped, []), (.running, []), (.paused, [])),
            (.schemaDoubted, (.stopped, []), (.running, []), (.paused, [])),
        ]
        for (event, stopped, running, paused) in table {
            for (state, cell) in [(.stopped, stopped), (.running, running), (.paused, paused)]
                as [(SyncCoordinator.State, Cell)]
            {
                var coordinator = try coordinator(state)
                let actions = coordinator.receive(event)
                #expect(coordinator.state == cell.0, "\(event) in \(state)")
                #expect(kinds(actions) == cell.1, "\(event) in \(state)")
            }
        }
    }

    @Test func theStreamGettingThroughWakesSenderAndSchema() throws {
        var coordinator = try coordinator(.running)
        let failure = RequestFailure.connection("no")
        _ = coordinator.receive(.schema(.requestFailed(SyncClient.RequestID(1), failure, random: 0)))
        _ = coordinator.receive(.sender(.replicaFailed(random: 0)))
        let actions = coordinator.receive(.stream(.answerProgressed(SyncClient.RequestID(1))))
        #expect(coordinator.connection == .connected)
        #expect(kinds(actions).contains("sender.takeBatch"))
        #expect(kinds(actions).contains("schema.request"))
        #expect(kinds(actions).last == "connectionChanged")
    }

    @Test func eachTagOfASchemaIsFetchedOnce() throws {
        var coordinator = try coordinator(.running)
        let epoch = Epoch(systemIdentifier: "7", timeline: 1)
        let answer = SchemaAnswer(epoch: epoch, tag: "a", schema: DatabaseSchema(tables: []), dataModel: nil)
        for (number, tag) in ["a", "a", "b"].enumerated() {
            let actions = kinds(coordinator.receive(.schemaSeen(tag)))
            // The first fetch is under way from the start: it is repeated, since it may have come too early.
            #expect(actions == (tag == "b" ? ["schema.request", "schema.startTimer"] : []), "\(number)")
            guard number == 0 else { continue }
            for id in 1...2 {
                _ = coordinator.receive(
                    .schema(.answerReceived(SyncClient.RequestID(id), answer, entityTag: "e")))
            }
        }
    }

    /// The service was restored from an older copy, which names the newer schema once it has caught up.
    @Test func aSchemaThatTheAnswerDidNotBringIsFetchedWhenItIsNamedAgain() throws {
        var coordinator = try coordinator(.running)
        let epoch = Epoch(systemIdentifier: "7", timeline: 1)
        let old = SchemaAnswer(epoch: epoch, tag: "old", schema: DatabaseSchema(tables: []), dataModel: nil)
        func answered(_ id: Int, _ answer: SchemaAnswer?) {
            _ = coordinator.receive(.schema(.answerReceived(SyncClient.RequestID(id), answer, entityTag: "e")))
        }
        answered(1, old)
        #expect(kinds(coordinator.receive(.schemaSeen("new"))).contains("schema.request"))
        answered(2, old)
        #expect(coordinator.receive(.schemaSeen("old")) == [])
        #expect(kinds(coordinator.receive(.schemaSeen("new"))).contains("schema.request"))
        // What is held has not changed.
        answered(3, nil)
        #expect(kinds(coordinator.receive(.schemaSeen("new"))).contains("schema.request"))
        #expect(coordinator.receive(.schemaSeen("new")) == [])
    }

    @Test func refusalOfEitherIsTheConnections() {
        let refused = ConnectionStatus.refused(Reason(code: "unauthorized", message: "no"))
        let offline = ConnectionStatus.offline(nil)
        #expect(SyncCoordinator.connection(stream: refused, sender: .connected) == refused)
        #expect(SyncCoordinator.connection(stream: .connected, sender: refused) == refused)
        #expect(SyncCoordinator.connection(stream: offline, sender: refused) == refused)
        #expect(SyncCoordinator.connection(stream: offline, sender: .connected) == offline)
        #expect(SyncCoordinator.connection(stream: .connected, sender: offline) == .connected)
    }
}
