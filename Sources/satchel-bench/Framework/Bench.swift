import Foundation
import Postgres

/// One run: its options, its folder, its PostgreSQL, and the tables that measures share.
final class Bench {
    let options: BenchOptions
    let programs: Programs
    let folder: String
    let janitor: Janitor
    private var cluster: PrivateCluster?
    private var templates: Set<String> = []
    private var counter = 0

    /// What the bench gives service and daemon, so that its tables and queues fit.
    static let configuration = """
        electric:
          shapes: {max_shape_size: 8GB}
          client: {max_offline_queue: 1000000}

        """

    init(_ options: BenchOptions) throws {
        self.options = options
        programs = try Programs()
        folder = try Files.temporaryDirectory()
        janitor = try Janitor(folder: folder)
        try Files.write(Self.configuration, to: configurationPath)
        say("max_shape_size 8GB, max_offline_queue 1000000 (by configuration); folder \(folder)")
    }

    var configurationPath: String { "\(folder)/bench.yaml" }

    func say(_ text: String) {
        FileHandle.standardError.write(Data("satchel-bench: \(text)\n".utf8))
    }

    /// A name for a file, folder, slot or database that nobody has.
    func fresh(_ name: String) -> String {
        counter += 1
        return "\(name)_\(counter)"
    }

    func freshPath(_ name: String) -> String { "\(folder)/\(fresh(name))" }

    func end() {
        try? cluster?.stop()
        Files.remove(folder)
    }
}

// MARK: - PostgreSQL

extension Bench {
    /// The private PostgreSQL, durable as a user's would be.
    private func startedCluster() throws -> PrivateCluster {
        if let cluster { return cluster }
        let made = try PrivateCluster(directory: "\(folder)/pg", settings: [.init("max_wal_size", "4GB")])
        try made.start()
        cluster = made
        return made
    }

    /// A database of its own with `rows` rows of table `item`, spread over `buckets`.
    func database(rows: Int, buckets: Int = 1_000) throws -> BenchDatabase {
        let cluster = try startedCluster()
        let admin = try PostgresConnection(cluster.connectionString(), applicationName: "satchel-bench")
        let template = "item_\(rows)_\(buckets)"
        if !templates.contains(template) {
            say("making \(rows) rows")
            try admin.query("CREATE DATABASE \(template) TEMPLATE template0")
            try ItemTable(rows: rows, buckets: buckets, seed: options.seed).fill(
                try PostgresConnection(
                    cluster.connectionString(database: template), applicationName: "satchel-bench"))
            templates.insert(template)
        }
        let name = fresh("bench")
        // The other strategy writes every page into the write-ahead log.
        try admin.query("CREATE DATABASE \(name) TEMPLATE \(template) STRATEGY file_copy")
        return try BenchDatabase(
            name: name, rows: rows, conninfo: cluster.connectionString(database: name),
            admin: cluster.connectionString())
    }
}
