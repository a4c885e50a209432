import Foundation
import Glibc
import Logging
import Postgres
import PostgresTesting
import SyncModel

@testable import SyncService

/// A real service over a fresh database of the shared cluster, on a port of its own.
struct ServiceFixture {
    let database: TestDatabase
    let connection: PostgresConnection
    let service: SatchelService
    let port: Int
    private let task: Task<Void, any Error>
    private let hold: Duration
    private let secret: String?
    private let memory: Memory
    private let publications: [String]

    typealias Memory = Follower.Configuration.TransactionMemory

    /// - Parameters:
    ///   - model: the data model file's text.
    ///   - secret: for `secure` mode.
    ///   - publications: that are followed; others than the tests' own are made by `sql`.
    ///   - secondsPerLook: between looks at the catalogue that nothing gave a reason for.
    init(
        _ sql: String, hold: Duration = .seconds(2), model: String? = nil, secret: String? = nil,
        memory: Memory = Memory(), limits: ServiceOptions.Limits = ServiceOptions.Limits(),
        publications: [String] = [Bookkeeping.defaultPublication],
        secondsPerLook: Int = Follower.Configuration.defaultSecondsPerLook
    ) async throws {
        database = try TestDatabase(sql)
        connection = try database.connect()
        try Self.setUp(connection)
        (port, service, task) = try await Self.start(
            database, directory: try TestCluster.temporaryDirectory(), hold: hold, model: model, secret: secret,
            memory, limits, publications, secondsPerLook)
        self.hold = hold
        self.secret = secret
        self.memory = memory
        self.publications = publications
    }

    /// Tracks and publishes all tables of schema `public`.
    static func setUp(_ connection: PostgresConnection) throws {
        let tables = try connection.query(
            "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' ORDER BY 1")
        let names = tables.rows.compactMap { $0[0].map { TableName(name: $0) } }
        _ = try Bookkeeping.setup(on: connection, tables: names)
        // A table without a key is not tracked, and published all the same where somebody says so.
        let unpublished = try connection.query(
            """
            SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'
            AND relname NOT IN (SELECT tablename FROM pg_publication_tables WHERE pubname = 'satchel_tables')
            """)
        for row in unpublished.rows {
            try connection.execute("ALTER PUBLICATION satchel_tables ADD TABLE \(row[0] ?? "")")
        }
    }

    /// The same state directory, after `stop`, with this data model, or the one that it had; the same database, or
    /// another that has been set up.
    func restarted(model: String? = nil, on other: TestDatabase? = nil) async throws -> ServiceFixture {
        let database = other ?? database
        let (port, service, task) = try await Self.start(
            database, directory: service.stateDirectory, hold: hold, model: model, secret: secret, memory,
            ServiceOptions.Limits(), publications)
        return ServiceFixture(
            database: database, connection: try database.connect(), service: service, port: port, task: task,
            hold: hold, secret: secret, memory: memory, publications: publications)
    }

    private init(
        database: TestDatabase, connection: PostgresConnection, service: SatchelService, port: Int,
        task: Task<Void, any Error>, hold: Duration, secret: String?, memory: Memory, publications: [String]
    ) {
        self.database = database
        self.connection = connection
        self.service = service
        self.port = port
        self.task = task
        self.hold = hold
        self.secret = secret
        self.memory = memory
        self.publications = publications
    }

    private static func start(
        _ database: TestDatabase, directory: String, hold: Duration, model: String?, secret: String?,
        _ memory: Memory, _ limits: ServiceOptions.Limits, _ publications: [String],
        _ secondsPerLook: Int = Follower.Configuration.defaultSecondsPerLook
    ) async throws -> (Int, SatchelService, Task<Void, any Error>) {
        let port = try freePort()
        var options = ServiceOptions()
        options.listen.port = port
        options.slot = database.name
        options.stateDirectory = directory
        options.limits = limits
        options.publications = publications
        let file = directory + "/model.yaml"
        if let model { try model.write(toFile: file, atomically: true, encoding: .utf8) }
        if FileManager.default.fileExists(atPath: file) { options.dataModel = file }
        if let secret {
            options.auth.mode = .secure
            options.auth.secret = secret
        }
        var logger = Logger(label: "test")
        logger.logLevel = .critical
        let service = try await SatchelService(
            options: options, conninfo: database.connectionString, logger: logger, hold: hold, memory: memory,
            secondsPerLook: secondsPerLook)
        let task = Task { try await service.run() }
        await eventually { service.follower.status == .streaming }
        await eventually { (try? RawHTTP.get("/v1/health", port: port)) != nil }
        return (port, service, task)
    }

    /// After `stop`: PostgreSQL may take a moment to see that the stream has ended.
    func dropSlot() throws {
        let slot = try Slot(database.name)
        _ = try slot.release(connection)
        try slot.drop(connection)
    }

    func stop() async {
        task.cancel()
        _ = try? await task.value
    }

    /// Returns once the mirror holds all that was committed.
    func caughtUp() async throws {
        let lsn = LSN(try connection.query("SELECT pg_current_wal_insert_lsn()").value ?? "") ?? .zero
        try connection.query("SELECT pg_logical_emit_message(true, 'test', '')")
        let mirror = service.mirror
        await eventually {
            let memory = mirror.state
            return memory.position.map { memory.frontier >= $0.offset(of: lsn) } ?? false
        }
    }

    private static func freePort() throws -> Int {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(descriptor) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        try withUnsafeMutablePointer(to: &address) { pointer in
            try pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer in
                guard bind(descriptor, pointer, length) == 0, getsockname(descriptor, pointer, &length) == 0 else {
                    throw RawHTTP.Failed()
                }
            }
        }
        return Int(UInt16(bigEndian: address.sin_port))
    }
}

/// Looks again and again until it is so, giving way to other threads in between. A test that waits in vain is
/// ended by the runner.
func eventually(_ isSo: @Sendable () -> Bool) async {
    while !isSo() {
        await withCheckedContinuation { continuation in
            DispatchQueue.global().asyncAfter(deadline: .now() + .milliseconds(2)) { continuation.resume() }
        }
    }
}

/// HTTP/1.1 by hand, one request a connection: what is on the wire is what is compared.
enum RawHTTP {
    struct Failed: Error {}

    struct Response {
        var status: Int
        var headers: [String: String]
        var body: String
    }

    static func get(
        _ target: String, port: Int, method: String = "GET", headers: [String: String] = [:], body: String = ""
    ) throws -> Response {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(descriptor) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = UInt16(port).bigEndian
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        let connected = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard connected == 0 else { throw Failed() }
        var head = "\(method) \(target) HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n"
        for name in headers.keys.sorted() { head += "\(name): \(headers[name] ?? "")\r\n" }
        let request = Array("\(head)content-length: \(body.utf8.count)\r\n\r\n\(body)".utf8)
        guard write(descriptor, request, request.count) == request.count else { throw Failed() }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65536)
        while true {
            let count = read(descriptor, &buffer, buffer.count)
            if count <= 0 { break }
            bytes += buffer[..<count]
        }
        return try parse(String(decoding: bytes, as: UTF8.self))
    }

    private static func parse(_ text: String) throws -> Response {
        guard let end = text.range(of: "\r\n\r\n") else { throw Failed() }
        let lines = text[..<end.lowerBound].components(separatedBy: "\r\n")
        let words = lines[0].split(separator: " ")
        guard words.count >= 2, let status = Int(words[1]) else { throw Failed() }
        var headers: [String: String] = [:]
        for line in lines.dropFirst() {
            guard let colon = line.firstIndex(of: ":") else { continue }
            let value = line[line.index(after: colon)...].trimmingCharacters(in: .whitespaces)
            headers[line[..<colon].lowercased()] = value
        }
        return Response(status: status, headers: headers, body: String(text[end.upperBound...]))
    }
}
