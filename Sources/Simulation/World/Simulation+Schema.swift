import Replica
import SyncClient
import SyncModel
import SyncProtocol

/// How a daemon follows the schema, as its coordinator does it.
extension Simulation {
    func schema(_ index: Int, _ event: SchemaFetcher.Event) throws {
        guard var fetcher = devices[index].process?.schema else { return }
        let actions = fetcher.receive(event)
        devices[index].process?.schema = fetcher
        let life = devices[index].life
        for action in actions {
            switch action {
            case .request(_, let id): send([], id, .schema, from: index)
            case .cancelRequest: break
            case .startTimer(let id, let milliseconds):
                devices[index].process?.schemaTimer = id
                time.schedule(.timer(device: index, life: life, .schema, id), milliseconds: milliseconds)
            case .cancelTimer: devices[index].process?.schemaTimer = nil
            case .deliver(let answer, _): try adopt(answer, index)
            }
        }
    }

    private func adopt(_ answer: SchemaAnswer, _ index: Int) throws {
        guard let replica = devices[index].process?.replica else { return }
        devices[index].process?.schemaEpoch = answer.epoch
        devices[index].process?.schemaTag = answer.tag
        let awaitsRows = replica.awaitsRows(of: answer.schema)
        guard devices[index].process?.adoption.delivered(answer, awaitsRows: awaitsRows) == true else {
            trace("d\(index) awaits the rows of a schema")
            return try goOnWaiting(index)
        }
        noteAdoption(of: answer, index, replica)
        try took(index, try replica.adopt(schema: answer.schema, dataModel: answer.dataModel?.string))
        try reconcileShapes(index)
        try goOnWaiting(index)
    }

    private func goOnWaiting(_ index: Int) throws {
        if devices[index].process?.adoption.takeWaitingStream() == true { try stream(index, .nudged) }
    }

    private func noteAdoption(of answer: SchemaAnswer, _ index: Int, _ replica: Replica) {
        guard let before = replica.schema, answer.schema != before else { return }
        count("schemas adopted")
        trace("d\(index) adopts a schema")
    }

    /// With the schema that its rows are of.
    func take(_ batch: SyncBatch, _ index: Int, _ replica: Replica) throws(ReplicaError) -> [Effects] {
        var answer = devices[index].process?.adoption.schema(for: batch.frontier)
        let effects: [Effects]
        do throws(ReplicaError) {
            if let answer { noteAdoption(of: answer, index, replica) }
            effects = try replica.apply(batch, adopting: answer.map { ($0.schema, $0.dataModel?.string) })
        } catch {
            guard answer == nil, error.code == .schemaUnknown,
                let needed = devices[index].process?.adoption.isUnreadable()
            else { throw error }
            noteAdoption(of: needed, index, replica)
            effects = try replica.apply(batch, adopting: (needed.schema, needed.dataModel?.string))
            answer = needed
        }
        if answer != nil {
            count("schemas adopted with their rows")
            devices[index].process?.adoption.adopted()
        }
        devices[index].process?.adoption.applied(batch.frontier)
        return effects
    }

    func schemaAnswered(_ index: Int, _ request: RequestID, _ events: [HTTPEvent]) throws {
        var exchange = SchemaExchange()
        for event in events {
            switch exchange.receive(event) {
            case .success(let answer)?:
                try schema(index, .answerReceived(request, answer.schema, entityTag: answer.entityTag))
            case .failure(let failure)?: try schema(index, .requestFailed(request, failure, random: random.next()))
            case nil: break
            }
        }
    }

    /// What an answer says of the schema.
    func noteSchema(of batch: SyncBatch, _ index: Int) throws {
        guard let process = devices[index].process, !process.replica.isPaused else { return }
        if batch.frontier.epoch != process.schemaEpoch { try schema(index, .needed) }
        if let tag = batch.frontier.schemaTag, tag != process.schemaTag {
            devices[index].process?.schemaTag = tag
            try schema(index, .needed)
        }
        if batch.shapes.contains(where: { $0.ended != nil }) { try schema(index, .needed) }
    }

    /// A shape that the service ended is defined anew by whoever wants it.
    func defineAnew(_ index: Int) throws {
        guard let replica = devices[index].process?.replica else { return }
        for shape in replica.heldShapes {
            guard case .ended(let reason) = shape.status else { continue }
            count("shapes ended: \(reason.code)")
            trace("d\(index) defines \(shape.id) anew: \(reason.message)")
            try took(index, try replica.hold(shape.definition).effects)
        }
    }
}
