import CLibpq
import Glibc
import SyncModel
import Synchronization

/// Follows a slot: makes a replication connection of its own and hands out what was committed, in order.
///
/// `run` blocks the calling thread, which should be one made for it; everything else may be called from any
/// thread. When `run` throws an error with `isRetryable`, make a new stream, from where the owner stands.
///
/// While `receive` runs, nothing is read: PostgreSQL then waits (and, after its `wal_sender_timeout`, 60 s by
/// default, gives up the connection).
package final class ReplicationStream: Sendable {
    private let conninfo: String
    private let slot: String
    private let publications: [String]
    private let startAt: LSN
    private let sliceLimit: Int
    private let applicationName: String
    private let wakeUp: WakeUp
    private let requests = Mutex(Requests())

    private struct Requests {
        var flushed: LSN?
        var keepalive = false
        var stop = false

        var isAny: Bool { flushed != nil || keepalive || stop }
    }

    /// `startAt`: the first position that is wanted, one more than what the owner holds. What lies before the
    /// slot's `confirmed_flush_lsn` is skipped by the server without a word: compare first. (The
    /// slot's own position goes back when the server restarts, so it is no place to start from.)
    /// `sliceLimit`: bytes of a transaction that are held before a slice is handed out.
    package init(
        conninfo: String, slot: String, publications: [String], startAt: LSN, sliceLimit: Int = 64 << 20,
        applicationName: String = "satchel stream"
    ) throws(PostgresError) {
        self.conninfo = conninfo
        self.slot = slot
        self.publications = publications
        self.startAt = startAt
        self.sliceLimit = sliceLimit
        self.applicationName = applicationName
        wakeUp = try WakeUp()
    }

    /// Streams until `stop()` (then returns), an error, or an error of `receive` (passed on).
    ///
    /// `drained` is called when all that had arrived was handed out, before anything is waited for; `.frontier` comes
    /// then, where there is a new one, and at times in between.
    ///
    /// `heldSlices`: a transaction of more slices comes in parts.
    package func run(
        heldSlices: Int = .max, drained: () throws -> Void = {}, _ receive: (StreamEvent) throws -> Void
    ) throws {
        var joiner = TransactionJoiner(sliceLimit: heldSlices)
        try runSliced(drained: drained) { event in
            if let whole = joiner.received(event) { try receive(whole) }
        }
    }

    /// As `run`, but a transaction comes in slices, which takes bounded memory however large it is.
    package func runSliced(
        drained: () throws -> Void = {}, _ receive: (ReplicationEvent) throws -> Void
    ) throws {
        if requests.withLock({ $0.stop }) { return }
        let connection = try PostgresConnection(conninfo, applicationName: applicationName, replication: true)
        defer { connection.close() }
        try start(connection)
        var session = ReplicationSession(startAt: startAt, sliceLimit: sliceLimit)
        var nextStatus = Self.now() + ReplicationSession.statusIntervalMilliseconds
        var isOpen = try perform(session.started(), connection, receive)
        while isOpen {
            isOpen = try serveRequests(&session, connection, receive)
            guard isOpen else { break }
            let isDrained = try readAll(&session, connection, receive)
            if Self.now() >= nextStatus {
                _ = try perform(session.statusDue(), connection, receive)
                nextStatus = Self.now() + ReplicationSession.statusIntervalMilliseconds
            }
            guard isDrained else { continue }
            try drained()
            try wakeUp.wait(socket: PQsocket(connection.pointer), milliseconds: nextStatus - Self.now())
        }
    }

    /// Everything up to and including `position` (a frontier, or a transaction's) is safe on disk: PostgreSQL
    /// may forget it. Frontiers without transactions need reporting too: its shutdown waits for them.
    package func reportFlushed(_ position: LSN) {
        requests.withLock { $0.flushed = max($0.flushed ?? position, position) }
        wakeUp.signal()
    }

    /// Asks PostgreSQL for its position; a `.frontier` follows if it is a new one.
    package func requestKeepalive() {
        requests.withLock { $0.keepalive = true }
        wakeUp.signal()
    }

    /// Makes `run` tell the last flushed position, close the connection and return.
    package func stop() {
        requests.withLock { $0.stop = true }
        wakeUp.signal()
    }
}

// MARK: - Steps

extension ReplicationStream {
    /// START_REPLICATION for this slot.
    private var command: String {
        let names = publications.map(PostgresConnection.quoteIdentifier).joined(separator: ",")
        return "START_REPLICATION SLOT \(PostgresConnection.quoteIdentifier(slot)) LOGICAL \(startAt) "
            + "(proto_version '1', messages 'true', "
            + "publication_names \(PostgresConnection.quoteLiteral(names)))"
    }

    private func start(_ connection: PostgresConnection) throws(PostgresError) {
        let result = PQexec(connection.pointer, command)
        guard PQresultStatus(result) == PGRES_COPY_BOTH else {
            _ = try connection.success(result)
            throw PostgresError(.protocolViolation, "PostgreSQL answered START_REPLICATION without a stream")
        }
        PQclear(result)
    }

    /// False: the session has ended.
    private func serveRequests(
        _ session: inout ReplicationSession, _ connection: PostgresConnection,
        _ receive: (ReplicationEvent) throws -> Void
    ) throws -> Bool {
        let requests = requests.withLock { requests in
            defer { requests = Requests(stop: requests.stop) }
            return requests
        }
        var isOpen = true
        if let position = requests.flushed {
            isOpen = try perform(session.flushed(position), connection, receive)
        }
        if requests.keepalive {
            isOpen = try perform(session.keepaliveWanted(), connection, receive) && isOpen
        }
        if requests.stop { isOpen = try perform(session.stopRequested(), connection, receive) && isOpen }
        return isOpen
    }

    /// Passes on every message that has arrived. False: looked up before the end, to serve requests.
    private func readAll(
        _ session: inout ReplicationSession, _ connection: PostgresConnection,
        _ receive: (ReplicationEvent) throws -> Void
    ) throws -> Bool {
        while true {
            guard let actions = try nextMessage(&session, connection) else {
                guard WakeUp.isReadable(PQsocket(connection.pointer)) else { break }
                try connection.consumeInput()
                continue
            }
            _ = try perform(actions, connection, receive)
            // A busy stream may never be drained; the end of a transaction is a good place to look up. A stop waits for
            // none: what it cuts off comes again.
            let isCommit = if case .deliver(.commit) = actions.last { true } else { false }
            if requests.withLock({ $0.stop || (isCommit && $0.isAny) }) { return false }
        }
        _ = try perform(session.drained(), connection, receive)
        return true
    }

    /// nil: none has arrived whole.
    private func nextMessage(
        _ session: inout ReplicationSession, _ connection: PostgresConnection
    ) throws(PostgresError) -> [ReplicationSession.Action]? {
        guard let bytes = try connection.nextCopyData() else { return nil }
        defer { PQfreemem(UnsafeMutableRawPointer(mutating: bytes.baseAddress)) }
        return try session.received(bytes)
    }

    /// False: the session has ended.
    private func perform(
        _ actions: [ReplicationSession.Action], _ connection: PostgresConnection,
        _ receive: (ReplicationEvent) throws -> Void
    ) throws -> Bool {
        var isOpen = true
        for action in actions {
            switch action {
            case .deliver(let event): try receive(event)
            case .send(let status): try connection.putCopyData(status.encoded(now: Self.wallClock()))
            case .close: isOpen = false
            }
        }
        return isOpen
    }

    /// Milliseconds of a clock that only goes forward.
    private static func now() -> Int {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return Int(time.tv_sec) * 1000 + Int(time.tv_nsec) / 1_000_000
    }

    /// Microseconds since 1970.
    private static func wallClock() -> Int64 {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Int64(time.tv_sec) * 1_000_000 + Int64(time.tv_nsec) / 1000
    }
}
