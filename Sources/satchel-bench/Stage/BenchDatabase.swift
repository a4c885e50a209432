import Postgres

/// A database of one measure. Gone with `drop`.
final class BenchDatabase {
    let name: String
    let rows: Int
    let conninfo: String
    private let admin: String

    init(name: String, rows: Int, conninfo: String, admin: String) throws {
        self.name = name
        self.rows = rows
        self.conninfo = conninfo
        self.admin = admin
    }

    /// One replication slot for each: slots belong to the cluster, not to the database.
    var slot: String { name }

    func connect() throws -> PostgresConnection {
        try PostgresConnection(conninfo, applicationName: "satchel-bench")
    }

    /// Whoever uses it MUST have been stopped. What cannot be removed goes with the cluster.
    func drop() {
        guard let connection = try? PostgresConnection(admin, applicationName: "satchel-bench") else { return }
        let slots = try? connection.query(
            "SELECT slot_name FROM pg_replication_slots WHERE database = $1 AND NOT active", [name])
        for row in slots?.rows ?? [] {
            _ = try? connection.query("SELECT pg_drop_replication_slot($1)", [row[0]])
        }
        _ = try? connection.query("DROP DATABASE IF EXISTS \(name) WITH (FORCE)")
    }
}
