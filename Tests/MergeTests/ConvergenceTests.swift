import Merge
import SeededRandom
import SyncModel
import Testing

/// The law behind the rules: whatever order the operations of several offline replicas arrive in (each
/// replica's own in their order), the row ends the same.
@Suite struct ConvergenceTests {
    fileprivate enum Kind: Int, CaseIterable {
        case name, x, both, delete
    }

    /// Replicas' operations in seq order; all were made on version 5 of the row, with increasing clocks.
    private typealias History = [[Operation]]

    /// What two orders of arrival may differ in: only versions, which count arrivals. After version 5 they are
    /// all alike to these operations, whose base is 5, so they are made equal and states can be compared.
    private static let later: Int64 = 6

    private func arrive(_ operation: Operation, _ replica: Int, _ seq: Int, at row: StoredRow) -> StoredRow {
        let name = ReplicaID(["a", "b", "c"][replica])
        let plan = RowMerge.plan(
            operation, of: name, seq: Int64(seq + 1), clock: operation.at, schema: Steps.schema, stored: row)
        return row.applying(
            plan, of: operation, replica: name, seq: Int64(seq + 1), version: Self.later, schema: Steps.schema,
            transaction: "t")
    }

    /// What can be seen of a row: its values, whether it lives, and who wrote each column.
    private struct Visible: Hashable {
        let row: Row?
        let clocks: [ColumnClock]

        init(_ stored: StoredRow) {
            switch stored {
            case .present(let row, let clocks, _):
                self.row = row
                self.clocks = [clocks["name"], clocks["x"]]
            case .missing, .deleted:
                row = nil
                clocks = []
            }
        }
    }

    /// All rows that some interleaving of the whole history leads to, and the number of interleavings' steps
    /// that were tried. States are shared between interleavings, so that all of them are covered.
    private func outcomes(_ history: History) -> (final: Set<Visible>, steps: Int) {
        var reached: [[Int]: Set<StoredRow>] = [history.map { _ in 0 }: [Steps.present()]]
        var steps = 0
        for length in 0..<history.map(\.count).reduce(0, +) {
            for done in reached.keys.filter({ $0.reduce(0, +) == length }).sorted(by: {
                $0.lexicographicallyPrecedes($1)
            }) {
                for replica in history.indices where done[replica] < history[replica].count {
                    var next = done
                    next[replica] += 1
                    for row in reached[done] ?? [] {
                        steps += 1
                        reached[next, default: []].insert(
                            arrive(history[replica][done[replica]], replica, done[replica], at: row))
                    }
                }
            }
        }
        return (Set((reached[history.map(\.count)] ?? []).map(Visible.init)), steps)
    }

    /// A deleted row is not written again by the replica that deleted it.
    private func history(_ kinds: [[Kind]], clock: (Int, Int) -> Int64) -> History {
        kinds.enumerated().map { replica, kinds in
            let end = kinds.firstIndex(of: .delete).map { $0 + 1 } ?? kinds.count
            return kinds[..<end].enumerated().map { seq, kind in
                let value = Value("\(replica).\(seq)")
                let at = clock(replica, seq)
                return switch kind {
                case .name: Steps.operation(.update, ["name": value], at: at, base: 5)
                case .x: Steps.operation(.update, ["x": value], at: at, base: 5)
                case .both: Steps.operation(.update, ["name": value, "x": value], at: at, base: 5)
                case .delete: Steps.operation(.delete, at: at, base: 5)
                }
            }
        }
    }

    @Test func everyOrderOfThreeReplicasWithTwoOperationsEachEndsTheSame() {
        var histories = 0
        var deletes = 0
        for code in 0..<4096 {
            let kinds = (0..<6).compactMap { Kind(rawValue: code >> (2 * $0) & 3) }
            // Clocks interleave, and collide across replicas: ties are decided by replica.
            let history = history([Array(kinds[0..<2]), Array(kinds[2..<4]), Array(kinds[4..<6])]) {
                60 + 10 * Int64($1) + Int64($0 / 2)
            }
            let (final, _) = outcomes(history)
            #expect(final.count == 1, "\(kinds): \(final)")
            histories += 1
            if final.first?.row == nil { deletes += 1 }
        }
        #expect(histories == 4096)
        #expect(deletes > 0)
    }

    @Test func everyOrderOfThreeReplicasWithThreeAndFourOperationsEachEndsTheSame() {
        let seed: UInt64 = 20_261_122
        var random = SeededGenerator(seed: seed)
        var steps = 0
        var survivors = 0
        var deletes = 0
        for round in 0..<400 {
            let length = 3 + round % 2
            let kinds = (0..<3).map { _ in (0..<length).map { _ in random.kind() } }
            var clocks: [[Int64]] = []
            for _ in 0..<3 {
                var last: Int64 = 55
                var own: [Int64] = []
                for _ in 0..<length {
                    last += 1 + Int64(random.next() % 6)
                    own.append(last)
                }
                clocks.append(own)
            }
            let (final, tried) = outcomes(history(kinds) { clocks[$0][$1] })
            #expect(final.count == 1, "seed \(seed), round \(round), \(kinds), \(clocks): \(final)")
            steps += tried
            if final.first?.row == nil { deletes += 1 } else { survivors += 1 }
        }
        print(
            "ConvergenceTests: seed \(seed), 400 histories, \(steps) arrivals, \(survivors) live, \(deletes) deleted"
        )
        #expect(survivors > 0 && deletes > 0)
    }

    @Test func theRegisterIsCommutativeAssociativeAndIdempotent() {
        let clocks = (0..<12).map { (index: Int) -> ColumnClock in
            let replica = ["a", "b", "c"][index % 3]
            let seq = Int64(index / 3 + 1)
            return Steps.clock(6, 60 + 7 * seq + Int64(index % 2), replica, seq: seq)
        }
        func merged(_ left: ColumnClock, _ right: ColumnClock) -> ColumnClock {
            let origin = WriteOrigin(replica: right.replica, seq: right.seq, base: 5, clock: right.clock)
            return left.yields(to: origin) ? right : left
        }
        for a in clocks {
            #expect(merged(a, a) == a)
            for b in clocks {
                #expect(merged(a, b) == merged(b, a) || a.replica == b.replica)
                for c in clocks where Set([a.replica, b.replica, c.replica]).count == 3 {
                    #expect(merged(merged(a, b), c) == merged(a, merged(b, c)))
                }
            }
        }
    }
}

extension SeededGenerator {
    /// Deletes are rarer, so that histories are long.
    fileprivate mutating func kind() -> ConvergenceTests.Kind {
        [.name, .name, .x, .x, .both, .both, .delete][below(7)]
    }
}
