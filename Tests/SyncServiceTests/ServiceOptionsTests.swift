import SharedOptions
import Testing

@testable import SyncService

@Suite struct ServiceOptionsTests {
    private func options(_ text: String, _ environment: [String: String] = [:]) throws -> ServiceOptions {
        try ServiceOptions(text: text, environment: environment)
    }

    /// What the file is refused with; nil where it is taken.
    private func refusal(_ text: String, _ environment: [String: String] = [:]) -> String? {
        do throws(OptionsError) {
            _ = try ServiceOptions(text: text, environment: environment)
            return nil
        } catch {
            return error.description
        }
    }

    // MARK: - What is taken

    @Test(arguments: ["", "# nothing\n", "electric:\nservice:\ndaemon:\n", "electric: {auth: {mode: }}"])
    func anEmptyMemberKeepsItsDefault(_ text: String) throws {
        #expect(try options(text) == ServiceOptions())
    }

    @Test func everyMemberOfTheServiceIsTaken() throws {
        let secret = String(repeating: "s", count: 32)
        let found = try options(
            """
            electric:
              database_url: "postgresql://${USER_NAME}@db/app?a=$1"
              auth: {mode: secure, jwt_secret: "${SECRET}"}
              replication:
                publications: [pipeline_sync, "${SECOND}"]
                conflict_resolution: {strategy: lww_crdt, clock_source: hybrid_logical_clock}
              shapes: {max_shape_size: 10MB, shape_cache_ttl: 3600, max_shapes_per_client: 9}
              client: {max_offline_queue: 1000, sync_batch_size: 100}
            service:
              state_directory: /var/lib/satchel
              listen: 127.0.0.1:0
              slot: mine
              data_model: model.yaml
              operation_connections: 7
              max_shapes: 12
            daemon: {whatever: [it, likes], service: "${NOT_SET}"}
            """, ["USER_NAME": "ana", "SECRET": secret, "SECOND": "a: b"])
        var wanted = ServiceOptions()
        wanted.database = "postgresql://ana@db/app?a=$1"
        wanted.auth = ServiceOptions.Auth(mode: .secure, secret: secret)
        // A value does not become part of the file's syntax.
        wanted.publications = ["pipeline_sync", "a: b"]
        wanted.limits = ServiceOptions.Limits(
            maxShapeSize: 10 << 20, maxShapes: 12, maxShapesPerClient: 9)
        wanted.shapeCacheSeconds = 3600
        wanted.stateDirectory = "/var/lib/satchel"
        wanted.listen = ServiceOptions.Listen(host: "127.0.0.1", port: 0)
        wanted.slot = "mine"
        wanted.dataModel = "model.yaml"
        wanted.operationConnections = 7
        #expect(found == wanted)
    }

    // MARK: - What is refused

    @Test func anUnknownMemberIsNamedWithItsLine() {
        let nested = "electric:\n  shapes:\n    max_shape_size: 1MB\n    ttl: 3\n"
        #expect(
            refusal(nested) == "The configuration file, line 4: electric.shapes has no member `ttl`; "
                + "it can have: max_shape_size, shape_cache_ttl, max_shapes_per_client")
        #expect(
            refusal("electric: {}\nsevrice: {}\n")
                == "The configuration file, line 2: the file has no member `sevrice`; "
                + "it can have: electric, service, daemon")
        #expect(refusal("electric: {database: x}")?.contains("database_url, auth, replication, shapes, client") == true)
    }

    @Test(arguments: [
        ("strategy: last_one", "electric.replication.conflict_resolution.strategy is one of: lww_crdt"),
        (
            "clock_source: wall",
            "electric.replication.conflict_resolution.clock_source is one of: hybrid_logical_clock"
        ),
    ])
    func anotherStrategyOrClockListsTheKnownOnes(_ member: String, _ message: String) {
        let text = "electric:\n  replication:\n    conflict_resolution:\n      \(member)\n"
        #expect(refusal(text) == "The configuration file, line 4: \(message)")
    }

    @Test(arguments: [
        ("electric: {auth: {mode: open}}", "electric.auth.mode is one of: secure, insecure"),
        ("electric: {shapes: {max_shape_size: 10 apples}}", "as 10MB, 512KB or 1048576"),
        ("electric: {shapes: {shape_cache_ttl: 59}}", "shape_cache_ttl is a whole number from 60 to 2147483647"),
        ("service: {slot: Bad Slot}", "line 1: service.slot is a name of a-z, 0-9 and _"),
        ("electric: {shapes: {max_shapes_per_client: 1001}}", "a whole number from 1 to 1000"),
        ("electric: {client: {sync_batch_size: 0}}", "a whole number from 1 to 1000"),
        ("electric: {client: {max_offline_queue: many}}", "a whole number from 1 to 1000000"),
        ("electric: {replication: {publications: []}}", "a list with at least one name"),
        ("electric: {replication: {publications: one}}", "a list with at least one name"),
        ("electric: {database_url: [a]}", "electric.database_url is one value"),
        ("electric: {database_url: \"\"}", "electric.database_url is not empty"),
        ("electric: text", "electric is a section with names"),
        ("[a]", "the file is a section with names"),
        ("service: {listen: 7077}", "service.listen is HOST:PORT"),
        ("service: {operation_connections: 0}", "a whole number from 1 to 100"),
        ("electric: {", "no YAML"),
        ("service: {slot: a}\nservice: {slot: b}", "line 1: a name stands twice"),
        ("electric:\n  auth:\n    jwt_secret: @an-open-secret", "line 3: this is no YAML"),
        ("electric:\n  auth:\n    jwt_secret: \"an-open-secret", "this is no YAML"),
        ("electric:\n  auth:\n    jwt_secret: an: open-secret", "line 3: this is no YAML"),
        ("electric:\n  auth:\n    jwt_secret: *an-open-secret", "line 3: this is no YAML"),
    ])
    func aWrongValueIsRefusedWithWhatIsWanted(_ text: String, _ wanted: String) throws {
        let message = try #require(refusal(text))
        #expect(message.contains(wanted), "\(message)")
        // Nothing of a value is repeated: it may be a secret.
        #expect(!message.contains("open-secret"))
    }

    @Test func aVariableThatIsNotSetIsNamed() {
        #expect(
            refusal("electric:\n  database_url: a${HOST_OF_DB}b\n")
                == "The configuration file, line 2: ${HOST_OF_DB} is not set in the environment: set it, or write the "
                + "value here")
    }

    @Test func theValueOfAVariableIsChecked() throws {
        let text = "service: {operation_connections: \"${N}\"}"
        #expect(try options(text, ["N": "9"]).operationConnections == 9)
        #expect(refusal(text, ["N": "nine"])?.contains("a whole number") == true)
    }

    @Test func aSecureServiceWantsASecretOfThirtyTwoBytes() {
        #expect(refusal("electric: {auth: {mode: secure}}")?.contains("jwt_secret is missing") == true)
        let short = String(repeating: "x", count: 31)
        let message = refusal("electric: {auth: {mode: secure, jwt_secret: \(short)}}")
        #expect(message?.contains("jwt_secret has 31 bytes") == true)
        #expect(message?.contains(short) == false)
        #expect(refusal("electric: {auth: {mode: insecure, jwt_secret: \(short)}}") == nil)
    }

    @Test func aFileThatIsNotThereIsNamed() {
        #expect(throws: OptionsError.self) {
            try ServiceOptions.load(path: "/nonexistent/satchel.yaml", environment: [:])
        }
    }

    // MARK: - Forms

    @Test(arguments: [
        ("1", 1), ("512B", 512), ("512KB", 512 << 10), ("10MB", 10 << 20), ("10 mb", 10 << 20), ("2GB", 2 << 30),
    ])
    func sizesHaveUnits(_ text: String, _ bytes: Int) {
        #expect(ByteSize(text)?.bytes == bytes)
    }

    @Test(arguments: ["", "MB", "0", "-1", "1.5MB", "1TB", "9223372036854775807KB", "1 0"])
    func otherSizesAreRefused(_ text: String) {
        #expect(ByteSize(text) == nil)
    }

    @Test func addressesAreHostAndPort() {
        #expect(ServiceOptions.Listen("127.0.0.1:0") == ServiceOptions.Listen(host: "127.0.0.1", port: 0))
        #expect(ServiceOptions.Listen("[::1]:7077") == ServiceOptions.Listen(host: "::1", port: 7077))
        #expect(ServiceOptions.Listen("db.example:65535")?.isLoopback == false)
        for text in ["", "7077", ":7077", "host:", "host:65536", "host:+1", "::1:7077", "[]:1"] {
            #expect(ServiceOptions.Listen(text) == nil, "\(text)")
        }
    }
}
