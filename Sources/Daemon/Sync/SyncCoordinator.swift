import SyncClient
import SyncModel
import SyncProtocol

/// Joins the stream, the queue sender and the schema fetcher, as a value: what happens to one of them is told to
/// the others where it concerns them, and a person's wishes are told to all.
///
/// | event             | stopped                         | running                              | paused                  |
/// |-------------------|---------------------------------|--------------------------------------|-------------------------|
/// | started           | all start → running (→ paused where that was stored) | ignore          | ignore                  |
/// | shapesChanged     | ignore                          | stream                               | stream                  |
/// | queueChanged      | ignore                          | sender                               | ignore (resumed asks)   |
/// | paused            | ignore                          | all stop → paused                    | ignore                  |
/// | resumed           | ignore                          | ignore                               | all go on → running     |
/// | nudged            | ignore                          | stream, sender, schema               | ignore                  |
/// | networkChanged    | ignore                          | stream, sender, schema               | ignore                  |
/// | woke              | ignore                          | stream, sender, schema               | ignore                  |
/// | barrierRequested  | ignore                          | stream                               | stream (kept for later) |
/// | epochSeen         | ignore                          | schema, where it is another than held | ignore                 |
/// | schemaSeen        | ignore                          | schema, where it is another than held or wanted | ignore        |
/// | schemaDoubted     | ignore                          | schema                               | ignore                  |
/// | stream, sender, schema | the machine                | the machine                          | the machine             |
///
/// Whenever the stream gets through, sender and fetcher try again at once; whenever the sender gets through and the
/// stream does not stand, the stream does.
package struct SyncCoordinator: Sendable {
    package enum State: Hashable, Sendable, CaseIterable { case stopped, running, paused }

    package enum Event: Hashable, Sendable {
        case started([SyncRequest.Shape], isPaused: Bool)
        case shapesChanged([SyncRequest.Shape])
        case queueChanged
        case paused
        case resumed
        /// A person asked to sync now, or gave another token.
        case nudged
        case networkChanged
        case woke
        case barrierRequested(Int64)
        /// A batch of this epoch was stored.
        case epochSeen(Epoch)
        /// A batch was stored whose messages are of the schema with this tag.
        case schemaSeen(String)
        /// The service says that a table or column is not there, or speaks of one that is not known.
        case schemaDoubted
        case stream(SyncStream.Event)
        case sender(QueueSender.Event)
        case schema(SchemaFetcher.Event)
    }

    package enum Action: Hashable, Sendable {
        case stream(SyncStream.Action)
        case sender(QueueSender.Action)
        case schema(SchemaFetcher.Action)
        case connectionChanged(ConnectionStatus)
    }

    package private(set) var state = State.stopped
    package private(set) var connection = ConnectionStatus.offline(nil)
    private var stream: SyncStream
    private var sender: QueueSender
    private var schema = SchemaFetcher()
    /// The epoch that the schema was fetched in.
    private var schemaEpoch: Epoch?
    /// Of the schema that is held.
    private var schemaTag: String?
    /// Of the one that the stream has named since. An answer may bring another: a service that was restored from an
    /// older copy answers with an older schema than it named before, and comes to that again.
    private var wantedSchemaTag: String?

    package init(replica: ReplicaID, batchSize: Int) {
        stream = SyncStream(replica: replica)
        sender = QueueSender(batchSize: batchSize)
    }

    /// What the stream asks for, with handle and offset as it knows them.
    package var shapes: [SyncRequest.Shape] { stream.shapes }

    package mutating func receive(_ event: Event) -> [Action] {
        let actions = route(event)
        let now = Self.connection(stream: stream.status, sender: sender.status)
        guard now != connection else { return actions }
        connection = now
        return actions + [.connectionChanged(now)]
    }

    /// The stream's word counts; the sender's only where the service refuses it.
    static func connection(stream: ConnectionStatus, sender: ConnectionStatus) -> ConnectionStatus {
        switch (stream, sender) {
        case (.refused, _): stream
        case (.connected, .refused), (.offline, .refused): sender
        case (.connected, .connected), (.connected, .offline), (.offline, .connected), (.offline, .offline): stream
        }
    }
}

extension SyncCoordinator {
    private mutating func route(_ event: Event) -> [Action] {
        switch event {
        case .started(let shapes, let isPaused): started(shapes, isPaused: isPaused)
        case .shapesChanged(let shapes): state == .stopped ? [] : toStream(.shapesChanged(shapes))
        case .queueChanged: state == .running ? toSender(.queueChanged) : []
        case .paused: paused()
        case .resumed: resumed()
        case .nudged: state == .running ? toStream(.nudged) + toSender(.nudged) + toSchema(.connectionUp) : []
        case .networkChanged:
            state == .running ? toStream(.networkChanged) + toSender(.nudged) + toSchema(.connectionUp) : []
        case .woke: state == .running ? toStream(.woke) + toSender(.woke) + toSchema(.connectionUp) : []
        case .barrierRequested(let barrier): state == .stopped ? [] : toStream(.barrierRequested(barrier))
        case .epochSeen(let epoch): state == .running && epoch != schemaEpoch ? toSchema(.needed) : []
        case .schemaSeen(let tag): schemaSeen(tag)
        case .schemaDoubted: state == .running ? toSchema(.needed) : []
        case .stream(let event): toStream(event)
        case .sender(let event): toSender(event)
        case .schema(let event): toSchema(event)
        }
    }

    private mutating func schemaSeen(_ tag: String) -> [Action] {
        guard state == .running, tag != wantedSchemaTag ?? schemaTag else { return [] }
        wantedSchemaTag = tag
        return toSchema(.needed)
    }

    private mutating func started(_ shapes: [SyncRequest.Shape], isPaused: Bool) -> [Action] {
        guard state == .stopped else { return [] }
        if isPaused {
            state = .paused
            return toStream(.paused) + toStream(.shapesChanged(shapes)) + toSender(.paused)
        }
        state = .running
        return toSchema(.needed) + toStream(.started(shapes)) + toSender(.queueChanged)
    }

    private mutating func paused() -> [Action] {
        guard state == .running else { return [] }
        state = .paused
        return toStream(.paused) + toSender(.paused) + toSchema(.paused)
    }

    private mutating func resumed() -> [Action] {
        guard state == .paused else { return [] }
        state = .running
        return toSchema(.needed) + toStream(.resumed) + toSender(.resumed)
    }

    private mutating func toStream(_ event: SyncStream.Event) -> [Action] {
        let before = stream.status
        let actions = stream.receive(event).map { Action.stream($0) }
        guard stream.status == .connected, before != .connected else { return actions }
        return actions + sender.receive(.connectionUp).map { .sender($0) } + toSchema(.connectionUp)
    }

    private mutating func toSender(_ event: QueueSender.Event) -> [Action] {
        let before = sender.status
        let actions = sender.receive(event).map { Action.sender($0) }
        guard sender.status == .connected, before != .connected, stream.status != .connected else { return actions }
        return actions + stream.receive(.nudged).map { .stream($0) }
    }

    private mutating func toSchema(_ event: SchemaFetcher.Event) -> [Action] {
        if case .answerReceived = event { wantedSchemaTag = nil }
        return schema.receive(event).map { action in
            if case .deliver(let answer, _) = action {
                schemaEpoch = answer.epoch
                schemaTag = answer.tag
            }
            return .schema(action)
        }
    }
}
