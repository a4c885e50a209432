/// A place in a shape log, in the text forms of Electric's wire.
///
/// | text | meaning |
/// |---|---|
/// | `-1` | before everything |
/// | `0_n` | after snapshot chunk n |
/// | `0_inf` | after the whole snapshot, before the first change |
/// | `<tx>_<op>` | after one change of one transaction |
/// | `<tx>_inf` | after all changes of that transaction |
///
/// The tx part is the commit record's LSN plus the mirror's shift, so that offsets never go back.
package struct LogOffset: Hashable, Comparable, Sendable {
    package let tx: UInt64
    package let op: UInt64
    private let isBeforeAll: Bool

    package init(tx: UInt64, op: UInt64) {
        self.tx = tx
        self.op = op
        isBeforeAll = false
    }

    private init() {
        tx = 0
        op = 0
        isBeforeAll = true
    }

    /// The op part that stands for "all of them" (`inf`).
    package static let allOps = UInt64.max

    package static let beforeAll = LogOffset()
    package static let firstChunk = LogOffset(tx: 0, op: 0)
    package static let snapshotEnd = LogOffset(tx: 0, op: allOps)

    package static func endOf(tx: UInt64) -> LogOffset { LogOffset(tx: tx, op: allOps) }

    package var isInSnapshot: Bool { isBeforeAll || (tx == 0 && op != Self.allOps) }

    package static func < (left: LogOffset, right: LogOffset) -> Bool {
        if left.isBeforeAll || right.isBeforeAll { return left.isBeforeAll && !right.isBeforeAll }
        return (left.tx, left.op) < (right.tx, right.op)
    }
}

extension LogOffset: CustomStringConvertible {
    package init?(_ text: String) {
        if text == "-1" || text == "-1_0" {
            self = .beforeAll
            return
        }
        let parts = text.split(separator: "_", omittingEmptySubsequences: false)
        guard parts.count == 2, let tx = Self.number(parts[0]) else { return nil }
        if parts[1] == "inf" {
            self.init(tx: tx, op: Self.allOps)
        } else if let op = Self.number(parts[1]), op != Self.allOps {
            self.init(tx: tx, op: op)
        } else {
            return nil
        }
    }

    private static func number(_ text: Substring) -> UInt64? {
        guard !text.isEmpty, text.utf8.allSatisfy({ (48...57).contains($0) }) else { return nil }
        return UInt64(text)
    }

    package var description: String {
        if isBeforeAll { return "-1" }
        return op == Self.allOps ? "\(tx)_inf" : "\(tx)_\(op)"
    }
}
