import DataModel
import Foundation
import Hummingbird
import Logging
import NIOCore
import Postgres
import ServiceLifecycle
import SyncModel
import SyncProtocol
import UnixSignals

/// The service, wired: a mirror, its follower, connections for operations, and the routes.
package struct SatchelService: Sendable {
    package let mirror: Mirror
    package let follower: Follower
    private let options: ServiceOptions
    private let state: ServiceState
    private let stateLock: StateLock
    private let slotLock: SlotLock
    private let logger: Logger

    package var stateDirectory: String { options.stateDirectory }

    /// `conninfo` reaches the database; `options.database` is not looked at.
    /// `hold`: how long a live request waits for news. `memory`: what is held of a large transaction. `secondsPerLook`:
    /// between looks at the catalogue that nothing gave a reason for.
    package init(
        options: ServiceOptions, conninfo: String, logger: Logger,
        hold: Duration = .seconds(ProtocolLimits.liveHoldSeconds),
        memory: Follower.Configuration.TransactionMemory = Follower.Configuration.TransactionMemory(),
        secondsPerLook: Int = Follower.Configuration.defaultSecondsPerLook
    ) async throws {
        self.options = options
        self.logger = logger
        try Self.check(options)
        // Before the mirror is opened, which gives up what it finds unfinished.
        stateLock = try StateLock(directory: options.stateDirectory)
        slotLock = SlotLock(try Slot(options.slot), conninfo: conninfo)
        let dataModel = try options.readDataModel()
        let mirror = try Mirror(
            path: options.stateDirectory + "/mirror.sqlite", rules: options.readRules(of: dataModel))
        let report: @Sendable (String) -> Void = { logger.warning("\($0)") }
        var configuration = Follower.Configuration(
            conninfo: conninfo, slot: options.slot, publications: options.publications,
            retention: Mirror.Retention(seconds: options.shapeCacheSeconds))
        configuration.memory = memory
        configuration.secondsPerLook = secondsPerLook
        let follower = Follower(mirror: mirror, configuration: configuration, report: { Self.log($0, logger) })
        let pool = ConnectionPool(conninfo: conninfo, size: options.operationConnections)
        let limits = Mirror.ShapeLimits(
            bytes: options.limits.maxShapeSize, shapes: options.limits.maxShapes,
            perClient: options.limits.maxShapesPerClient)
        self.mirror = mirror
        self.follower = follower
        state = ServiceState(
            mirror: mirror, follower: follower, authenticator: try await Self.authenticator(options),
            sync: SyncRoute(
                mirror: mirror, limits: limits, barrier: { try await Self.barrier(pool) }, hold: hold, now: Self.now),
            operations: OperationsRoute(
                mirror: mirror, pool: pool,
                lostWrites: LostWriteFilter(mirror: mirror) { try await Self.barrier(pool) }, now: Self.now,
                report: report),
            electric: ElectricRoute(
                mirror: mirror, limits: limits, hold: hold, cacheSeconds: options.shapeCacheSeconds, now: Self.now,
                random: { Int64.random(in: 1...3600) }),
            explain: ExplainRoute(mirror: mirror), dataModel: dataModel.map { Text($0.text) },
            report: report)
    }

    /// What of the options does not fit together.
    package static func check(_ options: ServiceOptions) throws(OptionsError) {
        if options.auth.mode == .secure, options.auth.secret == nil { throw noSecret }
        guard options.auth.mode == .secure || options.listen.isLoopback else {
            throw OptionsError(
                "electric.auth.mode is insecure, which believes whoever asks: listen on 127.0.0.1, or set it to "
                    + "secure, with electric.auth.jwt_secret")
        }
    }

    private static let noSecret = OptionsError("electric.auth.mode is secure: set electric.auth.jwt_secret")

    private static func authenticator(_ options: ServiceOptions) async throws -> Authenticator {
        switch options.auth.mode {
        case .insecure: return .insecure
        case .secure:
            guard let secret = options.auth.secret else {
                throw noSecret
            }
            return try await .secure(secret: secret)
        }
    }

    @Sendable private static func now() -> HybridTimestamp {
        HybridTimestamp(microseconds: Int64(Date().timeIntervalSince1970 * 1_000_000))
    }

    /// The position is read before the message is emitted: the message only makes the stream pass it, and its own
    /// LSN is not to be trusted on every fork of PostgreSQL.
    private static func barrier(_ pool: ConnectionPool) async throws -> LSN {
        do {
            return try await pool.run { pooled in
                let connection = pooled.connection
                let text = try connection.query("SELECT pg_current_wal_insert_lsn()").value ?? ""
                try connection.query("SELECT pg_logical_emit_message(true, 'satchel.barrier', '')")
                return LSN(text) ?? .zero
            }
        } catch let error as PostgresError where error.isRetryable {
            throw ServiceError(.notReady, "PostgreSQL is away: \(error.message)")
        }
    }

    private static func log(_ event: Follower.Event, _ logger: Logger) {
        switch event {
        case .copying(let reason): logger.notice("reading tables anew", metadata: ["because": "\(reason)"])
        case .waiting(let transaction):
            logger.warning("the slot waits for a transaction to end: \(transaction)")
        case .copied(let rows): logger.notice("tables read", metadata: ["rows": "\(rows)"])
        case .streaming(let lsn): logger.notice("following PostgreSQL", metadata: ["from": "\(lsn)"])
        case .refused(let table, let reason):
            logger.warning("table not served", metadata: ["table": "\(table)", "because": "\(reason)"])
        case .failed(let message): logger.error("PostgreSQL: \(message)")
        case .worksAgain(let message): logger.notice("PostgreSQL: \(message)")
        }
    }
}

extension SatchelService {
    /// How long requests that are under way may take once the service is told to end.
    private static let shutdownLimit = Duration.seconds(2)

    /// Serves until the task is cancelled or the process is told to end; what the mirror holds is durable then.
    /// `ready` is called with the address once requests are answered.
    ///
    /// Throws `SlotLock.Held` where another service follows by the same slot, before anything of it is touched.
    package func run(ready: @escaping @Sendable (String) -> Void = { _ in }) async throws {
        defer { stateLock.release() }
        try await takeSlotLock()
        let ended = DispatchSemaphore(value: 0)
        do {
            // Not before the port is ours: whoever cannot listen does not follow either.
            try await serve { [follower, slotLock] url in
                follower.start(slotLock, ended: ended)
                ready(url)
            }
        } catch let error as IOError where !follower.hasBegun {
            slotLock.release()
            throw OptionsError(
                "The service cannot listen on \(options.listen.host):\(options.listen.port): "
                    + "\(String(cString: strerror(error.errnoCode))). Stop what listens there, or give --listen HOST:PORT "
                    + "(port 0 picks a free one)")
        } catch {
            await stopFollowing(ended)
            throw error
        }
        await stopFollowing(ended)
    }

    /// A server that is away is waited for: the follower asks it again.
    private func takeSlotLock() async throws {
        let result = await withCheckedContinuation { continuation in
            DispatchQueue.global().async { [slotLock] in
                continuation.resume(returning: Result { try slotLock.take(attempts: SlotLock.attempts) })
            }
        }
        if case .failure(let error as SlotLock.Held) = result { throw error }
    }

    private func serve(_ bound: @escaping @Sendable (String) -> Void) async throws {
        let app = Application(
            router: Routes(service: state).router(),
            configuration: ApplicationConfiguration(
                address: .hostname(options.listen.host, port: options.listen.port), serverName: nil),
            onServerRunning: { [options] channel in bound(Self.url(options.listen, channel.localAddress)) },
            logger: logger)
        // The group shuts its services down from the last to the first: held requests are answered before the
        // server waits for them.
        var configuration = ServiceGroupConfiguration(
            services: [app, HeldRequests(signal: mirror.signal, logger: logger)],
            gracefulShutdownSignals: [.sigterm, .sigint], logger: logger)
        configuration.maximumGracefulShutdownDuration = Self.shutdownLimit
        try await ServiceGroup(configuration: configuration).run()
    }

    /// Lets the requests go that are held, when the service is to end.
    private struct HeldRequests: Service {
        let signal: ReaderSignal
        let logger: Logger

        func run() async throws {
            defer { signal.close() }
            try await gracefulShutdown()
            logger.notice("told to end: requests under way are answered first")
        }
    }

    /// A follower that is in the middle of a copy is left to it: what it has not finished is begun anew.
    private func stopFollowing(_ ended: DispatchSemaphore) async {
        follower.stop()
        guard follower.hasBegun else { return slotLock.release() }
        let isStopped = await withCheckedContinuation { continuation in
            DispatchQueue.global().async {
                continuation.resume(returning: ended.wait(timeout: .now() + 1) == .success)
            }
        }
        guard isStopped else { return }
        do {
            _ = try mirror.makeDurable()
        } catch {
            logger.error("the mirror could not be made durable: \(error)")
        }
    }

    /// `bound`: where the server really listens; its port differs where 0 was asked for.
    private static func url(_ listen: ServiceOptions.Listen, _ bound: SocketAddress?) -> String {
        let host = listen.host.contains(":") ? "[\(listen.host)]" : listen.host
        return "http://\(host):\(bound?.port ?? listen.port)"
    }
}
