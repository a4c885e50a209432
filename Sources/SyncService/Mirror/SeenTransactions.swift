/// Which transactions a state of the mirror has, in the words of PostgreSQL's snapshots: for Electric's
/// `snapshot-end`, by which a client passes over changes that the snapshot had already.
///
/// The order of transaction ids is not that of commits: one that was in flight while later ones committed comes
/// after them, and MUST NOT be passed over. So what was not seen to commit counts as in flight, until a
/// heartbeat tells that it has ended. (Ids of aborted transactions, subtransactions and other databases are
/// listed with them; no change ever bears such an id.)
package struct SeenTransactions: Hashable, Sendable {
    /// All below have ended, and those that committed are in the mirror.
    package private(set) var xmin: UInt64
    /// None from here on is known to be in the mirror.
    package private(set) var xmax: UInt64
    /// In between: those not seen to commit, ascending.
    package private(set) var inFlight: [UInt64]

    /// More than so many in flight are not told apart: `xmax` stays until the next heartbeat. That a change comes
    /// twice does no harm.
    static let inFlightLimit = 1_000

    package init(xmin: UInt64, xmax: UInt64, inFlight: [UInt64] = []) {
        self.xmin = xmin
        self.xmax = max(xmin, xmax)
        self.inFlight = inFlight.filter { $0 >= xmin && $0 < xmax }.sorted()
    }

    /// As PostgreSQL writes a snapshot: `xmin:xmax:xip,xip`. nil: it is none.
    package init?(_ text: String) {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count == 3, let xmin = UInt64(parts[0]), let xmax = UInt64(parts[1]), xmin <= xmax else {
            return nil
        }
        let listed = parts[2].split(separator: ",")
        let inFlight = listed.compactMap { UInt64($0) }
        guard inFlight.count == listed.count else { return nil }
        self.init(xmin: xmin, xmax: xmax, inFlight: inFlight)
    }

    package var text: String { "\(xmin):\(xmax):" + inFlight.map(String.init).joined(separator: ",") }

    /// The stream carries the lower half of an id.
    package mutating func committed(_ low: UInt32) {
        let xid = whole(low)
        if xid < xmax {
            if let index = inFlight.firstIndex(of: xid) { inFlight.remove(at: index) }
            return
        }
        guard inFlight.count + Int(clamping: xid - xmax) <= Self.inFlightLimit else { return }
        inFlight += xmax..<xid
        xmax = xid + 1
    }

    /// A heartbeat came through: all below `xmin` had ended before it was sent.
    package mutating func ended(below xmin: UInt64) {
        self.xmin = max(self.xmin, xmin)
        xmax = max(xmax, self.xmin)
        inFlight.removeAll { $0 < self.xmin }
    }

    /// Ids in use lie within 2^31 of each other.
    private func whole(_ low: UInt32) -> UInt64 {
        let distance = Int32(bitPattern: low &- UInt32(truncatingIfNeeded: xmax))
        return distance < 0 && xmax < distance.magnitude ? UInt64(low) : xmax &+ UInt64(bitPattern: Int64(distance))
    }
}
