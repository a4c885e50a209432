import SyncModel

/// One logical replication connection, from START_REPLICATION to its end, as a state machine without I/O.
///
/// | state | started | received | drained | flushed | keepaliveWanted | statusDue | stopRequested |
/// |---|---|---|---|---|---|---|---|
/// | starting | → streaming, status | – | – | noted | noted | nothing | → ended, close |
/// | streaming | – | events, status | frontier | status | status | status or fails | → ended, status, close |
/// | ended | nothing | nothing | nothing | nothing | nothing | nothing | nothing |
///
/// `–` is a mistake of the driver. An error that is thrown ends the session; the driver then closes.
///
/// Positions: what the owner reports as flushed is inclusive, like the frontier; what the protocol carries is
/// the next byte, one more. Only what the owner reported is ever called flushed. (A server that shuts down
/// waits until all it sent is flushed: an owner reports frontiers too, not only transactions.)
struct ReplicationSession {
    enum Action: Hashable {
        case deliver(ReplicationEvent)
        case send(StandbyStatus)
        case close
    }

    private enum State: Hashable { case starting, streaming, ended }

    private var state = State.starting
    private var assembler: TransactionAssembler
    /// Received up to here (exclusive).
    private var written: LSN
    /// Durable up to here (exclusive).
    private var flushed = LSN.zero
    private var frontier: LSN
    private var deliveredFrontier: LSN
    private var commitsSinceFrontier = 0
    private var wantsKeepalive = false
    private var silentIntervals = 0

    /// A busy stream is never drained; its frontier is told after so many transactions at the latest.
    private static let commitsPerFrontier = 256
    /// The driver calls `statusDue` after so many milliseconds. The server's own limit is 60 s by default.
    static let statusIntervalMilliseconds = 10_000
    /// After so many intervals without a sign of life the server is asked for one; twice as many are the end.
    private static let silentIntervalLimit = 3

    /// `startAt`: the first position that is wanted.
    init(startAt: LSN, sliceLimit: Int = TransactionAssembler.defaultSliceLimit) {
        assembler = TransactionAssembler(sliceLimit: sliceLimit)
        written = startAt
        frontier = LSN(startAt.rawValue == 0 ? 0 : startAt.rawValue - 1)
        deliveredFrontier = frontier
    }

    /// The server has accepted START_REPLICATION.
    mutating func started() -> [Action] {
        guard state != .ended else { return [] }
        precondition(state == .starting, "replication starts once")
        state = .streaming
        return [send()]
    }

    /// One CopyData message came in.
    mutating func received(_ bytes: UnsafeRawBufferPointer) throws(PostgresError) -> [Action] {
        guard state != .ended else { return [] }
        precondition(state == .streaming, "data before replication has started")
        silentIntervals = 0
        var reader = ByteReader(bytes)
        switch try reader.uint8() {
        case UInt8(ascii: "w"):
            _ = try reader.lsn()  // where the payload starts; 0 in places
            _ = try reader.lsn()  // the server's position, which logical decoding fills as the one before
            _ = try reader.uint64()  // its clock
            return try receivedOutput(reader.rest())
        case UInt8(ascii: "k"):
            let walEnd = try reader.lsn()
            _ = try reader.uint64()
            let wantsReply = try reader.uint8() != 0
            try reader.expectEnd()
            raise(to: walEnd)
            return wantsReply ? [send()] : []
        case let kind:
            throw ByteReader.malformed("its kind is \(kind), which streaming replication does not have")
        }
    }

    /// Everything that has arrived so far has been passed to `received`.
    mutating func drained() -> [Action] {
        state == .streaming ? frontierAction() : []
    }

    /// Everything up to and including `position` is durable with the owner.
    mutating func flushed(_ position: LSN) -> [Action] {
        guard state != .ended, position.rawValue >= flushed.rawValue else { return [] }
        flushed = LSN(position.rawValue + 1)
        return state == .streaming ? [send()] : []
    }

    /// The owner wants to learn the server's position soon.
    mutating func keepaliveWanted() -> [Action] {
        guard state != .ended else { return [] }
        wantsKeepalive = true
        return state == .streaming ? [send()] : []
    }

    /// `statusIntervalMilliseconds` have passed since the last call.
    mutating func statusDue() throws(PostgresError) -> [Action] {
        guard state == .streaming else { return [] }
        silentIntervals += 1
        if silentIntervals > 2 * Self.silentIntervalLimit {
            state = .ended
            throw PostgresError(.connectionLost, "PostgreSQL has sent nothing for a minute, though asked to")
        }
        if silentIntervals > Self.silentIntervalLimit { wantsKeepalive = true }
        return [send()]
    }

    mutating func stopRequested() -> [Action] {
        switch state {
        case .ended:
            return []
        case .starting:
            state = .ended
            return [.close]
        case .streaming:
            state = .ended
            return [send(), .close]
        }
    }

    private mutating func receivedOutput(_ bytes: UnsafeRawBufferPointer) throws(PostgresError) -> [Action] {
        let events = try assembler.received(PgOutputDecoder.decode(bytes), byteCount: bytes.count)
        if events.isEmpty { return [] }
        var actions = events.map(Action.deliver)
        if case .commit(let end) = events.last {
            raise(to: end)
            commitsSinceFrontier += 1
            if commitsSinceFrontier >= Self.commitsPerFrontier { actions += frontierAction() }
        }
        return actions
    }

    /// Known up to `end` (exclusive). The server goes back at the start, to where decoding has to begin.
    private mutating func raise(to end: LSN) {
        // Inside a transaction the server may already be past its commit, and we are not.
        guard !assembler.isInTransaction, end > written else { return }
        written = end
        frontier = LSN(end.rawValue - 1)
    }

    private mutating func frontierAction() -> [Action] {
        commitsSinceFrontier = 0
        guard frontier > deliveredFrontier else { return [] }
        deliveredFrontier = frontier
        return [.deliver(.frontier(frontier))]
    }

    private mutating func send() -> Action {
        defer { wantsKeepalive = false }
        return .send(StandbyStatus(written: written, flushed: flushed, wantsReply: wantsKeepalive))
    }
}
