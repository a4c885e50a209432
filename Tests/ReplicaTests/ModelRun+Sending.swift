import Foundation
import Replica
import SeededRandom
import Shapes
import SyncModel
import Testing

/// The queue's way to the service, and what goes wrong.
extension ModelRun {
    func send() throws -> String {
        let (batch, effects) = try replica.batchToSend(
            limit: Int.random(in: 1...(isFaulty ? 6 : 100), using: &generator))
        try follow(effects)
        if batch.operations.isEmpty && !batch.asksForSequence { return "send nothing" }
        for (one, next) in zip(batch.operations, batch.operations.dropFirst()) {
            #expect(next.seq == one.seq + 1, "seqs are contiguous, \(context)")
        }
        for one in batch.operations {
            guard let index = operations.firstIndex(where: { $0.operation.id == one.operation.id }) else {
                Issue.record("an operation that was never submitted is sent: \(one), \(context)")
                continue
            }
            #expect(operations[index].operation == one.operation, "\(context)")
            if let seq = operations[index].seq {
                #expect(seq == one.seq, "sent again with another seq, \(context)")
                count("sent again")
            }
            operations[index].seq = one.seq
        }
        if isFaulty, generator.chance(15) {
            count("requests lost")
            return "request lost"
        }
        if let epoch = batch.epoch, epoch != service.epoch { return try learnEpoch() }
        guard let verdicts = service.receive(batch.operations) else {
            Issue.record("the service sees a gap: \(batch.operations.map(\.seq)), \(context)")
            return "gap"
        }
        if isFaulty, generator.chance(20) {
            count("verdicts lost")
            return "verdicts lost"
        }
        let before = view.confirmed
        let answer = try replica.received(verdicts, epoch: service.epoch, lastSeq: service.history.lastSeq)
        queueEpoch = service.epoch
        for verdict in verdicts { note(verdict) }
        settle(before)
        try follow(answer)
        return "send \(verdicts.map { "\($0.id) \($0.outcome)" })"
    }

    private func note(_ verdict: Verdict) {
        guard let index = operations.firstIndex(where: { $0.operation.id == verdict.id }) else { return }
        count("verdict \(verdict.outcome.rawValue)")
        operations[index].outcome = verdict.outcome
        if verdict.outcome == .rejected || verdict.outcome == .conflict { operations[index].isApplied = false }
    }

    private func learnEpoch() throws -> String {
        let before = view.confirmed
        let last = service.history.lastSeq
        let effects = try replica.epochChanged(service.epoch, lastSeq: last)
        queueEpoch = service.epoch
        for index in operations.indices {
            guard let seq = operations[index].seq, seq > last else { continue }
            operations[index].seq = nil
            // What was refused stays refused; everything else is done again.
            if operations[index].outcome == .rejected || operations[index].outcome == .conflict { continue }
            operations[index].outcome = nil
            operations[index].isApplied = true
            count("queued again")
        }
        settle(before)
        try follow(effects)
        count("epochs learned")
        return "epoch learned"
    }

    // MARK: - Disasters

    func failOver() throws -> String {
        guard epochs < 4, !histories.isEmpty else {
            histories.append(service.history)
            return "remember"
        }
        epochs += 1
        service.failOver(to: histories[histories.count / 2])
        histories = []
        // All shapes have new handles in a new epoch.
        for held in replica.heldShapes { sent[held.id] = nil }
        mustReset = true
        count("failovers")
        return "failover"
    }

    /// Crash: the files as they are at this moment, with half a frame of a commit that did not end.
    func reopen(crash: Bool) throws -> String {
        count(crash ? "crashes" : "restarts")
        let path = directory.appending(path: "replica.sqlite").path
        if crash {
            let copies = ["", "-wal"].map { (path + $0, directory.appending(path: "copy.sqlite").path + $0) }
            for (file, copy) in copies where FileManager.default.fileExists(atPath: file) {
                try FileManager.default.copyItem(atPath: file, toPath: copy)
            }
            replica = try ModelRun.open(directory.appending(path: "other.sqlite").path, limits)
            for (file, copy) in copies {
                try? FileManager.default.removeItem(atPath: file)
                guard FileManager.default.fileExists(atPath: copy) else { continue }
                try FileManager.default.moveItem(atPath: copy, toPath: file)
            }
            try? FileManager.default.removeItem(atPath: path + "-shm")
            if let wal = FileHandle(forWritingAtPath: path + "-wal") {
                try wal.seekToEnd()
                try wal.write(contentsOf: Data(repeating: 7, count: Int.random(in: 1...5000, using: &generator)))
                try wal.close()
            }
        }
        let before = replica.heldShapes.map(\.id)
        replica = try ModelRun.open(path, limits)
        if !crash { #expect(replica.heldShapes.map(\.id) == before) }
        #expect(replica.id == ReplicaID("replica-1"))
        return crash ? "crash" : "restart"
    }
}
