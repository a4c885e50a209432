import Merge
import SyncModel

extension ReplicaTransaction {
    func received(_ verdicts: [Verdict], epoch: Epoch, lastSeq: Int64) throws {
        if let known = memory.queueEpoch, known != epoch { try resume(epoch, after: lastSeq) }
        memory.queueEpoch = epoch
        var addresses: [RowAddress] = []
        // What one verdict does to others it does to queued ones only: these stay as they are read.
        var sent = try sent(of: verdicts)
        for verdict in verdicts {
            memory.clock.observe(verdict.at)
            guard let record = sent.removeValue(forKey: verdict.seq) else { continue }
            addresses += try settle(record, verdict)
        }
        memory.nextSeq = max(memory.nextSeq, lastSeq + 1)
        try storeSequence()
        try storeClocks()
        try rebase(addresses)
    }

    /// Whose outcome is unknown, of those that verdicts are for; by seq.
    private func sent(of verdicts: [Verdict]) throws -> [Int64: OperationRecord] {
        let seqs = verdicts.map(\.seq)
        guard let first = seqs.min(), let last = seqs.max() else { return [:] }
        var records: [Int64: OperationRecord] = [:]
        for record in try OperationTable.unconfirmed(seqs: first...last, in: db) where record.state == .sending {
            if let seq = record.seq { records[seq] = record }
        }
        return records
    }

    /// Returns the rows whose queue changed.
    private func settle(_ record: OperationRecord, _ verdict: Verdict) throws -> [RowAddress] {
        let address = address(record.operation)
        guard verdict.id == record.operation.id else {
            // The seq was used in a life of this replica that was lost: the operation needs another one.
            try set(record, .queued, isApplied: true) { $0.seq = nil }
            return address.map { [$0] } ?? []
        }
        func note(_ record: inout OperationRecord) {
            record.verdict = verdict.outcome
            record.lost = verdict.lost
            record.reason = verdict.reason
        }
        switch verdict.outcome {
        case .applied, .merged:
            // The effect came back before the verdict.
            let isConfirmed = !record.isApplied || isEchoed(verdict.seq)
            try set(record, isConfirmed ? .confirmed : .acknowledged, isApplied: !isConfirmed, note)
            return []
        case .conflict, .rejected:
            try set(record, .parked, isApplied: false, note)
            try parkDependents(of: record)
            return address.map { [$0] } ?? []
        }
    }

    /// Operations up to the frontier's seq have come back: their effect is in the confirmed rows from now on.
    /// Returns the rows whose queue changed.
    func confirm(upTo frontier: Frontier) throws -> [RowAddress] {
        guard memory.queueEpoch == frontier.epoch, frontier.confirmedSeq > memory.confirmedSeq else { return [] }
        var addresses: [RowAddress] = []
        var confirmed: [RowAddress: [Operation]] = [:]
        let seqs = memory.confirmedSeq + 1...frontier.confirmedSeq
        for record in try OperationTable.unconfirmed(seqs: seqs, in: db) {
            // Without its verdict it stays to be sent again, but it is in the confirmed rows already.
            let state: OperationState = record.state == .acknowledged ? .confirmed : record.state
            try set(record, state, isApplied: false)
            guard let address = address(record.operation) else { continue }
            if confirmed[address] == nil { addresses.append(address) }
            if record.isApplied { confirmed[address, default: []].append(record.operation) }
        }
        for address in addresses { try keep(address, after: confirmed[address] ?? []) }
        memory.confirmedSeq = frontier.confirmedSeq
        try storeSequence()
        return addresses
    }

    /// Operations that have their verdict are not offered again, whatever becomes of their seqs.
    func settleDecided() throws {
        var addresses: [RowAddress] = []
        for record in try OperationTable.records(after: 0, in: db) {
            guard record.state == .acknowledged || record.state == .confirmed else { continue }
            try set(record, .confirmed, isApplied: false) { $0.seq = nil }
            if record.isApplied, let address = address(record.operation) { addresses.append(address) }
        }
        try rebase(addresses)
    }

    /// The service holds this replica's operations up to `lastSeq`: later ones, confirmed or not, did not happen
    /// there, and are queued again in their old order.
    func resume(_ epoch: Epoch?, after lastSeq: Int64) throws {
        var addresses: [RowAddress] = []
        for record in try OperationTable.records(after: lastSeq, in: db) {
            switch record.state {
            case .queued, .held, .sending, .acknowledged, .confirmed:
                try set(record, .queued, isApplied: true) { record in
                    record.seq = nil
                    record.verdict = nil
                    record.lost = []
                    record.reason = nil
                }
                if let address = address(record.operation) { addresses.append(address) }
            case .parked:
                try set(record, .parked, isApplied: false) { $0.seq = nil }
            }
        }
        memory.nextSeq = lastSeq + 1
        if epoch != memory.queueEpoch { memory.confirmedSeq = 0 }
        memory.confirmedSeq = min(memory.confirmedSeq, lastSeq)
        memory.queueEpoch = epoch
        try storeSequence()
        try rebase(addresses)
    }
}
