import CLibpq

/// One connection to PostgreSQL over libpq.
///
/// Calls block. A connection is not `Sendable`: it is used by one thread at a time, and only its
/// `cancelHandle()` may be used from another meanwhile.
///
/// The session settings that the text form of values depends on are pinned when it is made, over whatever
/// the role or the database has set.
package final class PostgresConnection {
    /// The libpq connection. Valid until `close()`.
    private(set) var pointer: OpaquePointer?
    private let isReplication: Bool
    private var statements = StatementCache()

    /// Connects. `conninfo` is libpq's (`host=… dbname=…` or a URL); unless it says otherwise, connecting may
    /// take 10 s and a dead peer is noticed in about a minute.
    ///
    /// `replication`: a walsender bound to the database, for the replication commands; it takes plain SQL
    /// too, but no bound values.
    package init(
        _ conninfo: String, applicationName: String, replication: Bool = false
    ) throws(PostgresError) {
        let info = try ConnectionInfo(conninfo)
        var parameters: [(String, String)] = [
            // Before the connection string: it may override them.
            ("connect_timeout", "10"), ("keepalives_idle", "30"), ("keepalives_interval", "10"),
            ("keepalives_count", "3"), ("tcp_user_timeout", "60000"),
            ("dbname", info.text),
            // After it: they hold in any case.
            ("application_name", applicationName), ("client_encoding", "UTF8"),
        ]
        if replication { parameters.append(("replication", "database")) }
        isReplication = replication
        pointer = Self.connect(parameters)
        guard PQstatus(pointer) == CONNECTION_OK else {
            let message = info.redacted(PostgresError.text(PQerrorMessage(pointer)))
            PQfinish(pointer)
            pointer = nil
            throw PostgresError(.connectionFailed, "PostgreSQL cannot be reached: \(message)")
        }
        PQsetNoticeProcessor(pointer, { _, _ in }, nil)
        try execute(Self.sessionSettings)
    }

    deinit {
        close()
    }

    /// Throws where no connection could ever be made with it: libpq does not understand it. Nothing is asked.
    package static func checkSyntax(of conninfo: String) throws(PostgresError) { _ = try ConnectionInfo(conninfo) }

    /// What fixes the text form of values (Protocol/service.md).
    static let sessionSettings = """
        SET DateStyle = 'ISO, DMY'; SET TimeZone = 'UTC'; SET IntervalStyle = 'iso_8601'; \
        SET extra_float_digits = 1; SET bytea_output = 'hex'; SET standard_conforming_strings = on
        """

    /// Runs one statement with bound values (`$1`, `$2`, …) and text results. A statement that comes again is
    /// prepared and kept.
    ///
    /// Values are bound, never pasted. Throws `.invalidText` for a value with a NUL character, which
    /// PostgreSQL's text cannot hold.
    @discardableResult
    package func query(_ sql: String, _ values: [String?] = []) throws(PostgresError) -> PostgresResult {
        let values = try Self.checked(sql, values)
        if isReplication {
            guard values.isEmpty else {
                throw PostgresError(.invalidArgument, "a replication connection takes no bound values")
            }
            return try success(PQexec(pointer, sql))
        }
        guard let name = try preparedName(for: sql) else {
            return try success(
                Self.withCStrings(values) {
                    PQexecParams(pointer, sql, Int32(values.count), nil, $0, nil, nil, 0)
                })
        }
        do throws(PostgresError) {
            return try success(
                Self.withCStrings(values) {
                    PQexecPrepared(pointer, name, Int32(values.count), $0, nil, nil, 0)
                })
        } catch {
            guard error.code == .planChanged else { throw error }
            statements.forget(sql)
            // In a transaction the error has already undone it: only its owner can start it over.
            guard PQtransactionStatus(pointer) == PQTRANS_IDLE else { throw error }
            return try query(sql, values)
        }
    }

    /// Runs a script of any number of statements without values, as one implicit transaction unless it
    /// holds its own `BEGIN`.
    package func execute(_ script: String) throws(PostgresError) {
        _ = try Self.checked(script, [])
        _ = try success(PQexec(pointer, script))
    }

    /// Runs `body` in a transaction: committed when it returns, rolled back when it throws.
    package func transaction<Result>(_ body: () throws -> Result) throws -> Result {
        try execute("BEGIN")
        do {
            let result = try body()
            // COMMIT of a transaction that failed inside (and whose error was swallowed) rolls back silently.
            guard PQtransactionStatus(pointer) != PQTRANS_INERROR else {
                throw PostgresError(
                    .failedTransaction, "the transaction failed earlier and cannot be committed")
            }
            try execute("COMMIT")
            return result
        } catch {
            // The first error is the one to report; a connection that is gone has rolled back by itself.
            _ = try? execute("ROLLBACK")
            throw error
        }
    }

    /// Ends the connection. Using it afterwards throws `.connectionLost`.
    package func close() {
        PQfinish(pointer)
        pointer = nil
    }
}

// MARK: - State

extension PostgresConnection {
    package enum TransactionStatus: Hashable, Sendable { case idle, busy, inTransaction, failed, unknown }

    package var transactionStatus: TransactionStatus {
        switch PQtransactionStatus(pointer) {
        case PQTRANS_IDLE: .idle
        case PQTRANS_ACTIVE: .busy
        case PQTRANS_INTRANS: .inTransaction
        case PQTRANS_INERROR: .failed
        default: .unknown
        }
    }

    /// A statement is running or a COPY is open.
    package var isBusy: Bool { transactionStatus == .busy }

    package var backendPID: Int32 { PQbackendPID(pointer) }

    /// False once the server has gone, as far as is known without asking it. Does not block.
    package var isAlive: Bool {
        guard PQstatus(pointer) == CONNECTION_OK else { return false }
        return PQconsumeInput(pointer) == 1 && PQstatus(pointer) == CONNECTION_OK
    }

    /// For another thread to cancel what this connection is running.
    package func cancelHandle() -> CancelHandle? { PQgetCancel(pointer).map(CancelHandle.init) }

    // @unchecked because libpq's cancel object never changes and PQcancel may be called from any thread.
    package final class CancelHandle: @unchecked Sendable {
        private let pointer: OpaquePointer

        fileprivate init(_ pointer: OpaquePointer) {
            self.pointer = pointer
        }

        deinit {
            PQfreeCancel(pointer)
        }

        /// Asks the server to cancel; the running call then throws `.queryCanceled`, or had already finished.
        /// False when the request could not be sent.
        @discardableResult
        package func cancel() -> Bool {
            withUnsafeTemporaryAllocation(of: CChar.self, capacity: 256) { message in
                PQcancel(pointer, message.baseAddress, 256) == 1
            }
        }
    }
}

// MARK: - libpq

extension PostgresConnection {
    /// The result, if it is a success; else its error, the result freed.
    func success(_ result: OpaquePointer?) throws(PostgresError) -> PostgresResult {
        guard let result else { throw PostgresError.lost(pointer) }
        switch PQresultStatus(result) {
        case PGRES_COMMAND_OK, PGRES_TUPLES_OK, PGRES_EMPTY_QUERY:
            return PostgresResult(owning: result)
        case PGRES_COPY_OUT, PGRES_COPY_IN, PGRES_COPY_BOTH:
            PQclear(result)
            // libpq itself leaves COPY when the next statement is sent, replication excepted.
            throw PostgresError(
                .invalidArgument, "a COPY statement where one without a data stream is expected")
        default:
            defer { PQclear(result) }
            throw PostgresError(result: result, connection: pointer)
        }
    }

    private func preparedName(for sql: String) throws(PostgresError) -> String? {
        switch statements.use(sql) {
        case .unprepared:
            return nil
        case .prepared(let name):
            return name
        case .prepare(let name):
            do throws(PostgresError) {
                _ = try success(PQprepare(pointer, name, sql, 0, nil))
            } catch {
                statements.forget(sql)
                throw error
            }
            return name
        }
    }

    private static func checked(_ sql: String, _ values: [String?]) throws(PostgresError) -> [String?] {
        guard values.count <= 65_535 else {
            throw PostgresError(
                .invalidArgument, "\(values.count) values for one statement; PostgreSQL takes 65535")
        }
        if sql.utf8.contains(0) { throw PostgresError(.invalidText, "a statement contains a NUL character") }
        for case .some(let value) in values where value.utf8.contains(0) {
            throw PostgresError(
                .invalidText, "a value contains a NUL character, which PostgreSQL cannot store")
        }
        return values
    }

    private static func connect(_ parameters: [(String, String)]) -> OpaquePointer? {
        withCStrings(parameters.map(\.0) + [nil]) { keywords in
            withCStrings(parameters.map(\.1) + [nil]) { values in PQconnectdbParams(keywords, values, 1) }
        }
    }

    /// `body` with the strings as C strings, nil as a null pointer, valid during the call.
    private static func withCStrings<Result>(
        _ strings: [String?], _ body: (UnsafePointer<UnsafePointer<CChar>?>?) -> Result
    ) -> Result {
        var bytes: [CChar] = []
        bytes.reserveCapacity(strings.reduce(0) { $0 + ($1?.utf8.count ?? 0) + 1 })
        var offsets: [Int?] = []
        for string in strings {
            guard let string else {
                offsets.append(nil)
                continue
            }
            offsets.append(bytes.count)
            for byte in string.utf8 { bytes.append(CChar(bitPattern: byte)) }
            bytes.append(0)
        }
        return bytes.withUnsafeBufferPointer { bytes in
            let pointers = offsets.map { offset in offset.flatMap { bytes.baseAddress?.advanced(by: $0) } }
            return pointers.withUnsafeBufferPointer { body($0.baseAddress) }
        }
    }
}
