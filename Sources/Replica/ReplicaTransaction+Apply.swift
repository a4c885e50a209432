import Merge
import Foundation
import GRDB
import SyncModel

extension ReplicaTransaction {
    /// One whole answer of the sync stream.
    ///
    /// Rows come into view only when every shape in view has reached the frontier; until then its messages wait
    /// in the inbox. So a source transaction is seen whole or not at all, over all shapes, and an operation is
    /// confirmed together with the rows that show its effect.
    func apply(_ batch: SyncBatch) throws {
        memory.clock.observe(batch.frontier.serviceClock)
        memory.serviceClock = max(memory.serviceClock, batch.frontier.serviceClock)
        if memory.epoch != batch.frontier.epoch {
            memory.epoch = batch.frontier.epoch
            if memory.queueEpoch == nil { memory.queueEpoch = batch.frontier.epoch }
        }
        let received = try accept(batch)
        let isWhole = memory.shapes.allSatisfy { !$0.isVisible || $0.ended != nil || !$0.hasMore }
        var held: [(index: Int, messages: [ShapeMessage])] = []
        for (index, messages) in received {
            if memory.shapes[index].isLoading {
                try load(messages, index)
            } else if isWhole {
                held.append((index, messages))
            } else {
                try keepForLater(messages, index)
            }
        }
        if isWhole {
            position = batch.frontier.position
            try play(held)
            try comeIntoView(batch.frontier)
        }
        if batch.shapes.contains(where: { $0.ended != nil }) { try lookAhead() }
        try storeClocks()
    }

    /// Snapshot messages of an answer that was cut off: immutable, so they need not be fetched again.
    func store(_ part: ShapeBatch) throws {
        guard let index = index(of: part.shape), part.ended == nil else { return }
        var part = part
        part.hasMore = true
        guard try accept(part, index), memory.shapes[index].isLoading, part.offset.isInSnapshot else { return }
        try load(part.messages, index)
        try storeClocks()
    }

    func storeClocks() throws {
        try StateName.clock.set(memory.clock.last.microseconds, in: db)
        try StateName.serviceClock.set(memory.serviceClock.microseconds, in: db)
        try StateName.epoch.set(memory.epoch?.description, in: db)
        try StateName.queueEpoch.set(memory.queueEpoch?.description, in: db)
    }

    private func index(of shape: String) -> Int? {
        memory.shapes.firstIndex { $0.id == shape }
    }

    /// Handles and offsets first, because whether the messages come into view depends on all shapes.
    private func accept(_ batch: SyncBatch) throws -> [(index: Int, messages: [ShapeMessage])] {
        var received: [(Int, [ShapeMessage])] = []
        var mentioned: Set<Int> = []
        for part in batch.shapes {
            guard let index = index(of: part.shape) else { continue }
            mentioned.insert(index)
            if let reason = part.ended {
                try end(index, reason)
            } else if try accept(part, index) {
                received.append((index, part.messages))
            }
        }
        for index in memory.shapes.indices where !mentioned.contains(index) {
            // Asked for and not mentioned: nothing new up to the frontier.
            let record = memory.shapes[index]
            guard record.handle != nil, record.ended == nil, record.hasMore else { continue }
            memory.shapes[index].hasMore = false
            try save(index)
        }
        return received
    }

    /// False for an answer to a request from before the shape was begun anew.
    private func accept(_ part: ShapeBatch, _ index: Int) throws -> Bool {
        if part.isReset {
            guard memory.shapes[index].resolved != nil else {
                throw ReplicaError(
                    .schemaUnknown, "The schema does not have what shape \(part.shape) names: fetch the schema first")
            }
            memory.shapes[index].ended = nil
            try beginLoading(index, handle: part.handle)
        } else if memory.shapes[index].handle != part.handle || memory.shapes[index].ended != nil {
            return false
        }
        memory.shapes[index].offset = part.offset
        memory.shapes[index].hasMore = part.hasMore
        if let failures = part.failures { memory.shapes[index].failures = failures }
        try save(index)
        return true
    }

    private func comeIntoView(_ frontier: Frontier) throws {
        var addresses: [RowAddress] = []
        for index in memory.shapes.indices {
            let record = memory.shapes[index]
            guard record.ended == nil, !record.hasMore else { continue }
            if record.isLoading { addresses += try bringIntoView(index) }
            memory.shapes[index].isFresh = true
            try save(index)
        }
        addresses += try confirm(upTo: frontier)
        try rebase(addresses + journal.before.keys.sorted())
    }

    /// The service does not serve the shape: its rows are not vouched for any more.
    private func end(_ index: Int, _ reason: Reason) throws {
        try dropLoaded(index)
        memory.shapes[index].restart()
        memory.shapes[index].failures = .none
        memory.shapes[index].ended = reason
        try clear(index)
        try save(index)
    }

    /// Empties the shape's view.
    func clear(_ index: Int) throws {
        let record = memory.shapes[index]
        guard record.isVisible else { return }
        memory.shapes[index].isVisible = false
        memory.shapes[index].isFresh = false
        let tables = record.resolved?.tables ?? (memory.schema?.tables ?? []).map(\.name)
        try leaveAll(record, tables: tables)
        try rebase(journal.before.keys.sorted() + overlaidAddresses(of: tables.compactMap(memory.table)))
    }
}
