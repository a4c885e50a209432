import SyncModel
import SyncProtocol

/// What the replica says of a batch.
extension SyncStream {
    mutating func batchApplied() -> [Action] {
        switch state {
        case .applying(let delivery):
            let reached = store(delivery)
            return reached + goOn(after: delivery)
        case .paused:
            guard let delivery = unanswered else { return [] }
            unanswered = nil
            return store(delivery)
        case .stopped, .asking, .live, .waiting:
            return []
        }
    }

    private mutating func store(_ delivery: Delivery) -> [Action] {
        backoff.reset()
        for shape in delivery.batch.shapes { store(shape) }
        if let barrier = delivery.exchange.barrier {
            barrierCovered = max(barrierCovered ?? barrier, barrier)
            if barrierWanted == barrier { barrierWanted = nil }
        }
        guard delivery.batch.frontier.isComplete, let barrier = barrierCovered else { return [] }
        barrierCovered = nil
        return [.barrierReached(barrier)]
    }

    private mutating func store(_ batch: ShapeBatch) {
        guard let index = shapes.firstIndex(where: { Text($0.id) == Text(batch.shape) }) else { return }
        if batch.ended != nil {
            shapes.remove(at: index)
            return
        }
        let shape = shapes[index]
        shapes[index] = SyncRequest.Shape(
            id: shape.id, definition: shape.definition, handle: batch.handle, offset: batch.offset,
            failureTag: batch.failures.map(\.tag) ?? shape.failureTag)
    }

    private mutating func goOn(after delivery: Delivery) -> [Action] {
        let frontier = delivery.batch.frontier
        let progress = Progress(
            position: frontier.position, seq: frontier.confirmedSeq, offsets: delivery.batch.shapes.map(\.offset))
        let broughtNothing = delivery.batch.shapes.allSatisfy(\.isEmpty) && progress == last
        last = progress
        isCaughtUp = frontier.isComplete && !hasUnaskedShape
        if broughtNothing, delivery.exchange.isLive || !frontier.isComplete {
            return wait(milliseconds: Self.pace)
        }
        return ask()
    }

    /// The same messages come again: nothing of the batch is held.
    mutating func applyFailed(random: UInt64) -> [Action] {
        switch state {
        case .applying:
            isCaughtUp = false
            return wait(milliseconds: backoff.next(random: random))
        case .paused:
            unanswered = nil
            return []
        case .stopped, .asking, .live, .waiting:
            return []
        }
    }
}

extension ShapeBatch {
    fileprivate var isEmpty: Bool { messages.isEmpty && !isReset && ended == nil && failures == nil }
}
