import Foundation
import Merge
import SeededRandom
import Simulation
import SyncModel
import SyncService
import Testing

/// The model PostgreSQL answers and keeps what the real one does.
@Suite struct OperationContractTests {
    /// `SATCHEL_SEEDS` sets how many seeds.
    private static let seeds =
        UInt64(1)...(ProcessInfo.processInfo.environment["SATCHEL_SEEDS"].flatMap { UInt64($0) } ?? 8)

    @Test(arguments: Array(seeds)) func modelAndPostgresAgree(_ seed: UInt64) throws {
        var run = ContractRun(seed: seed, pair: try ContractPair())
        for step in 0..<100 {
            guard try run.step() else {
                Issue.record("seed \(seed), step \(step): \(run.difference ?? "")")
                return
            }
        }
        print("contract: seed \(seed)", run.counts.sorted { $0.key < $1.key })
        for feature in ["applied", "merged", "rejected", "conflict", "sql", "repeated", "given up"] where seed <= 8 {
            #expect(run.counts[feature, default: 0] > 0, "seed \(seed): never happened: \(feature)")
        }
    }
}

/// Random batches of three replicas, and plain SQL between them, on few keys, so that they meet.
struct ContractRun {
    private static let tables = [
        ModelTables.pipelines, ModelTables.steps, ModelTables.connections, ModelTables.comments,
    ]

    private struct Device {
        let replica: ReplicaID
        var seq: Int64 = 0
        var at: Int64 = 1
        var bases = ContractPair.Bases()
        var last: [Draft] = []
        var acknowledged: Int64 = 0
    }

    private struct Draft {
        let seq: Int64
        let id: String
        let table: TableName
        let action: SyncModel.Operation.Action
        let key: Text
        let set: [String: Value]
        let at: Int64
        let group: String?
    }

    private let seed: UInt64
    private let pair: ContractPair
    private var random: SeededGenerator
    private var devices = ["a", "b", "c"].map { Device(replica: ReplicaID($0)) }
    private(set) var counts: [String: Int] = [:]
    private(set) var difference: String?

    init(seed: UInt64, pair: ContractPair) {
        self.seed = seed
        self.pair = pair
        random = SeededGenerator(mixing: seed)
    }

    /// False where the two differ.
    mutating func step() throws -> Bool {
        let device = random.below(devices.count)
        switch random.weighted([25, 20, 45, 10]) {
        case 0:
            counts["sql", default: 0] += 1
            let statement = plainStatement()
            let (ours, theirs) = pair.execute(statement)
            if ours != theirs { difference = "\(statement): model \(ours), real \(theirs)" }
        case 1: devices[device].bases = try pair.bases()
        case 2:
            devices[device].acknowledged = devices[device].seq
            devices[device].last = drafts(device)
            try send(device)
        default:
            guard !devices[device].last.isEmpty else { break }
            counts["repeated", default: 0] += 1
            // What follows is given up with it, and was never done.
            let givesUp = random.chance(60)
            if givesUp { devices[device].last.append(draft(device, nil)) }
            try send(device, givingUp: givesUp)
        }
        if difference == nil { compare(pair.modelRows(), try pair.realRows()) }
        if difference == nil {
            compare(pair.model.bookkeeping(wallClock: ContractPair.wallClock), try pair.realBookkeeping())
        }
        return difference == nil
    }

    private mutating func compare(_ ours: [String], _ theirs: [String]) {
        for (mine, other) in zip(ours, theirs) where mine != other {
            difference = "model \(mine), real \(other)"
            return
        }
        if ours.count != theirs.count { difference = "model has \(ours.count) rows, real \(theirs.count)" }
    }

    private mutating func send(_ index: Int, givingUp: Bool = false) throws {
        let device = devices[index]
        let withdrawal = Withdrawal(
            operations: device.last.map { Withdrawal.Entry(seq: $0.seq, id: OperationID($0.id)) },
            reason: Reason(code: "bad_request", message: "no"))
        let (ours, theirs) = try pair.send(
            { base in
                OperationBatch(
                    replica: device.replica, epoch: ContractPair.epoch, acknowledged: device.acknowledged,
                    operations: givingUp ? [] : device.last.map { Self.operation($0, base) },
                    withdrawal: givingUp ? withdrawal : nil)
            }, bases: device.bases)
        guard case .answered(let mine) = ours, case .answered(let other) = theirs else {
            difference = "model \(ours), real \(theirs)"
            return
        }
        for verdict in mine.verdicts { counts[verdict.outcome.rawValue, default: 0] += 1 }
        if givingUp { counts["given up", default: 0] += mine.verdicts.count { !$0.isDuplicate } }
        compare(mine.verdicts.map(ContractPair.text), other.verdicts.map(ContractPair.text))
        if difference != nil { difference = "\(device.last): \(difference ?? "")" }
    }

    private static func operation(_ draft: Draft, _ base: (TableName, RowKey) -> Int64) -> SequencedOperation {
        SequencedOperation(
            seq: draft.seq,
            operation: Operation(
                id: OperationID(draft.id), table: draft.table, action: draft.action, key: ["id": draft.key],
                set: draft.set, at: HybridTimestamp(microseconds: draft.at),
                base: base(draft.table, RowKey(values: [.text(draft.key)])), group: draft.group))
    }

    // MARK: - Making

    private mutating func drafts(_ index: Int) -> [Draft] {
        let count = random.within(1...5)
        let group = random.chance(12) ? "g\(devices[index].seq)" : nil
        return (0..<count).map { _ in draft(index, group) }
    }

    private mutating func draft(_ index: Int, _ group: String?) -> Draft {
        devices[index].seq += 1
        devices[index].at += Int64(random.within(1...40_000))
        let table = self.table()
        let actions: [SyncModel.Operation.Action] = [.insert, .update, .update, .upsert, .upsert, .delete]
        let action = random.pick(ifAnyOf: actions) ?? .update
        var set = action == .delete ? [:] : values(table, isWhole: action != .update)
        if action == .update, random.chance(50) { set = set.filter { $0.key == "name" || $0.key == "content" } }
        return Draft(
            seq: devices[index].seq, id: "\(devices[index].replica)-\(devices[index].seq)", table: table,
            action: action, key: id(), set: set, at: devices[index].at, group: group)
    }

    private mutating func table() -> TableName {
        Self.tables[random.weighted([25, 40, 15, 20])]
    }

    private mutating func id() -> Text { Text("\(random.below(4))") }

    private mutating func values(_ table: TableName, isWhole: Bool) -> [String: Value] {
        let name = Value("n\(random.below(1000))")
        switch table {
        case ModelTables.pipelines:
            var set = ["name": random.chance(4) ? .null : name]
            if random.chance(40) { set["status"] = random.chance(50) ? "active" : "draft" }
            if random.chance(30) { set["note"] = Value(String(repeating: "ü", count: random.below(40))) }
            return set
        case ModelTables.steps:
            var set: [String: Value] = ["name": name]
            if isWhole || random.chance(20) { set["pipeline_id"] = .text(id()) }
            if random.chance(50) { set["x"] = Value("\(random.below(900))") }
            if random.chance(6) {
                set["x"] = Value(random.pick(ifAnyOf: ["007", "1000", "x", "-3", "+4", "99999999999"]))
            }
            return set
        case ModelTables.connections: return ["from_step_id": .text(id()), "to_step_id": .text(id())]
        default:
            var set: [String: Value] = ["content": name]
            if isWhole || random.chance(20) { set["pipeline_id"] = .text(id()) }
            if random.chance(50) { set["step_id"] = random.chance(20) ? .null : .text(id()) }
            return set
        }
    }

    private mutating func plainStatement() -> PlainStatement {
        let table = self.table()
        let key = id()
        switch random.below(3) {
        case 0:
            var values = values(table, isWhole: true)
            values["id"] = .text(key)
            return .insert(table, values)
        case 1: return .update(table, key: RowKey(values: [.text(key)]), values(table, isWhole: false))
        default: return .delete(table, key: RowKey(values: [.text(key)]))
        }
    }
}
