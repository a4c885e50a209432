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
        if let before = replica.schema, answer.schema != before {
            count("schemas adopted")
            trace("d\(index) adopts a schema")
        }
        try took(index, try replica.adopt(schema: answer.schema, dataModel: answer.dataModel?.string))
        try reconcileShapes(index)
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
