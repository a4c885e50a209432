import Foundation
import Replica
import SyncModel
import Testing

/// Random histories against the model. `SATCHEL_SEEDS` sets how many, `SATCHEL_SEED` runs one.
@Suite struct ReplicaModelTests {
    private static let environment = ProcessInfo.processInfo.environment

    private static var seeds: [UInt64] {
        if let one = environment["SATCHEL_SEED"].flatMap(UInt64.init) { return [one] }
        return Array(1...(environment["SATCHEL_SEEDS"].flatMap(UInt64.init) ?? 8))
    }

    /// What every set of runs must have done at least once.
    private static let features = [
        "answers lost", "bases", "brought into view", "client delete", "client insert", "client update", "confirmed",
        "crashes", "cut up", "epochs learned", "failovers", "forgotten", "held", "held back", "pending rows",
        "queued again", "refused", "remote deletes", "remote writes", "requests lost", "reset effects", "resets",
        "restarts", "rows compared", "sent again", "submitted delete", "submitted insert", "submitted update",
        "submitted upsert", "verdict applied", "verdict conflict", "verdict rejected", "verdicts lost", "dismissed",
        "complete windows", "short windows", "windows in doubt",
    ]

    @Test func viewEqualsTheModelAfterEveryEvent() throws {
        var total: [String: Int] = [:]
        for seed in Self.seeds {
            // Some runs have a limit so low that effects collapse into resets.
            let limits = ReplicaLimits(maxChanges: seed % 3 == 0 ? 12 : 10_000)
            let run = try ModelRun(seed: seed, limits: limits)
            for _ in 0..<250 {
                let event = try run.step()
                if Self.environment["SATCHEL_TRACE"] != nil { print(event) }
                guard try run.check(event) else { return }
            }
            guard try run.drain() else { return }
            total.merge(run.counts, uniquingKeysWith: +)
        }
        print("replica model: seeds \(Self.seeds.count)", total.sorted { $0.key < $1.key })
        if Self.seeds.count > 1 {
            for feature in Self.features { #expect(total[feature, default: 0] > 0, "never happened: \(feature)") }
        }
    }
}

extension ModelRun {
    /// Without faults, everything that can be settled is: nothing is lost and nothing is done twice.
    func drain() throws -> Bool {
        for round in 0..<60 {
            let event = try settleOnce()
            guard try check("drain \(event)") else { return false }
            let left = try replica.counts
            if left.pending == 0, round > 2, replica.epoch == service.epoch,
                replica.heldShapes.allSatisfy({ $0.status == .live })
            {
                return try checkOutcomes()
            }
        }
        let left = try replica.operations([.queued, .sending, .acknowledged], limit: 10)
        let parked = try replica.operations([.parked], limit: 10)
        // What builds on a parked operation waits for a person.
        #expect(!parked.isEmpty, "the queue does not drain: \(left), \(context)")
        return try checkOutcomes()
    }

    private func checkOutcomes() throws -> Bool {
        let applied = service.history.applied
        #expect(Set(applied).count == applied.count, "applied twice, \(context)")
        let known = Set(applied)
        for tracked in operations {
            let id = tracked.operation.id
            let record = try replica.operation(id)
            guard let record else {
                Issue.record("lost: \(id), \(context)")
                return false
            }
            switch record.state {
            case .confirmed, .acknowledged:
                #expect(known.contains(id), "\(id) is \(record.state) and was not applied, \(context)")
                counts["settled", default: 0] += 1
            case .parked, .queued: #expect(!known.contains(id), "\(id) is \(record.state) and was applied, \(context)")
            case .held, .sending: Issue.record("\(id) is \(record.state), \(context)")
            }
        }
        return true
    }
}
