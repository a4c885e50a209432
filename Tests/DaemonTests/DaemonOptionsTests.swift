import Testing

@testable import Daemon

@Suite struct DaemonOptionsTests {
    private func options(_ text: String, _ environment: [String: String] = [:]) throws -> DaemonOptions {
        try DaemonOptions(text: text, environment: environment)
    }

    private func refusal(_ text: String) -> String? {
        do {
            _ = try options(text)
            return nil
        } catch {
            return "\(error)"
        }
    }

    @Test func theFileOfBothProgramsIsRead() throws {
        let options = try options(
            """
            electric:
              database_url: postgres://localhost/x
              auth: {mode: secure, jwt_secret: "${UNSET_HERE}"}
              replication:
                publications: [pipeline_sync]
                conflict_resolution: {strategy: lww_crdt, clock_source: hybrid_logical_clock}
              shapes: {max_shape_size: 10MB, shape_cache_ttl: 3600, max_shapes_per_client: 7}
              client: {max_offline_queue: 1000, sync_batch_size: 50}
            daemon:
              service: http://${HOST}:7077
              user: ana
              log_level: warning
              idle_exit: 600
            """, ["HOST": "db.example"])
        #expect(options.service == "http://db.example:7077")
        #expect(options.maxOfflineQueue == 1000)
        #expect(options.syncBatchSize == 50)
        #expect(options.maxShapes == 7)
        #expect(options.user == "ana")
        #expect(options.logLevel == .warning)
        #expect(options.idleExit == 600)
    }

    @Test(arguments: ["", "electric:\n", "daemon: {}\n", "# nothing\n"])
    func anEmptyFileOrSectionChangesNothing(_ text: String) throws {
        let options = try options(text)
        #expect(options.maxOfflineQueue == 10_000)
        #expect(options.service == "http://127.0.0.1:7077")
    }

    @Test func mistakesAreNamedWithTheirLine() throws {
        let unknown = try #require(refusal("electric:\n  client:\n    max_queue: 1\n"))
        #expect(unknown.contains("line 3") && unknown.contains("max_queue") && unknown.contains("sync_batch_size"))
        let strategy = try #require(
            refusal("electric:\n  replication:\n    conflict_resolution:\n      strategy: magic\n"))
        #expect(strategy.contains("line 4") && strategy.contains("lww_crdt"))
        let number = try #require(refusal("electric:\n  client: {max_offline_queue: many}\n"))
        #expect(number.contains("line 2") && number.contains("1000000"))
        let variable = try #require(refusal("daemon:\n  user: ${NOBODY}\n"))
        #expect(variable.contains("line 2") && variable.contains("NOBODY"))
        #expect(refusal("a: [").map { $0.contains("no YAML") } == true)
        #expect(refusal("[1, 2]") != nil)
        #expect(refusal("daemon: 7\n") != nil)
    }

    @Test func defaultPathsFollowTheBaseDirectories() {
        let full = DaemonPaths(
            environment: ["XDG_DATA_HOME": "/d", "XDG_RUNTIME_DIR": "/r", "HOME": "/h", "TMPDIR": "/t"], userID: 7)
        #expect(full.state == "/d/satchel")
        #expect(full.socket == "/r/satchel/satchel.sock")
        let bare = DaemonPaths(environment: ["HOME": "/h", "XDG_DATA_HOME": "relative"], userID: 7)
        #expect(bare.state == "/h/.local/share/satchel")
        #expect(bare.socket == "/tmp/satchel-7/satchel.sock")
        #expect(DaemonPaths(environment: ["SATCHEL_SOCKET": "/s"], userID: 7).socket == "/s")
    }

    @Test func aPlanRefusesWhatCannotWork() {
        func refusal(_ change: (inout DaemonOptions) -> Void) -> String? {
            var options = DaemonOptions()
            options.stateDirectory = "/tmp/x"
            change(&options)
            do throws(StartError) {
                _ = try StartPlan(options, environment: [:], instance: "i")
                return nil
            } catch {
                return error.description
            }
        }
        #expect(refusal { _ in } == nil)
        #expect(refusal { $0.service = "ftp://x" }?.contains("http://HOST:PORT") == true)
        #expect(refusal { $0.maxOfflineQueue = 0 }?.contains("max_offline_queue") == true)
        #expect(refusal { $0.syncBatchSize = 1_001 }?.contains("sync_batch_size") == true)
        #expect(refusal { $0.user = "a b" } != nil)
        #expect(refusal { $0.tokenFile = "/nonexistent/token" }?.contains("token file") == true)
    }

    @Test func theUserOfATokenIsItsSubject() throws {
        var options = DaemonOptions()
        // {"sub":"ana"}
        options.token = "e30.eyJzdWIiOiJhbmEifQ.x"
        let plan = try StartPlan(options, environment: [:], instance: "i")
        #expect(plan.settings.user == "ana")
        #expect("\(plan.credentials.identity)".contains("eyJ") == false)
    }

    @Test func aUserBesideATokenIsThePersonThatTheTokenIsFor() throws {
        var options = DaemonOptions()
        options.token = "e30.eyJzdWIiOiJhbmEifQ.x"
        options.user = "ana"
        #expect(try StartPlan(options, environment: [:], instance: "i").settings.user == "ana")
        options.user = "ben"
        let error = #expect(throws: StartError.self) { try StartPlan(options, environment: [:], instance: "i") }
        #expect(error?.isOfConfiguration == true && error?.description.contains("`ben`") == true)
        // Whose it is cannot be told here.
        options.token = "opaque"
        #expect(try StartPlan(options, environment: [:], instance: "i").settings.user == "ben")
        let both = #expect(throws: StartError.self) {
            try DaemonOptions(text: "daemon: {token: a, token_file: b}", environment: [:])
        }
        #expect(both?.description == "daemon.token and daemon.token_file exclude each other: keep one of them.")
    }
}
