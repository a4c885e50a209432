import GRDB
import SyncModel

/// Where the mirror stands: the one row of `state`.
package struct MirrorPosition: Equatable, Sendable {
    package var epoch: Epoch
    /// Position of the newest transaction applied, in the mirror's offsets (LSN + shift).
    package var position: UInt64
    /// Where streaming goes on after a restart: past the newest commit record applied.
    package var resume: LSN
    /// Added to every LSN, so that offsets never go back over epochs.
    package var shift: UInt64
    /// Which transactions these are.
    package var seen: SeenTransactions
    /// Microseconds since 1970, of the newest commit.
    package var committedAt: Int64

    package init(
        epoch: Epoch, position: UInt64, resume: LSN, shift: UInt64, seen: SeenTransactions, committedAt: Int64
    ) {
        self.epoch = epoch
        self.position = position
        self.resume = resume
        self.shift = shift
        self.seen = seen
        self.committedAt = committedAt
    }

    func offset(of lsn: LSN) -> UInt64 { lsn.rawValue + shift }

    /// SQLite's integers are signed; an LSN passes 2^63 only after eight exabytes of log.
    static func read(in db: Database) throws -> MirrorPosition? {
        guard let row = try GRDB.Row.fetchOne(db, sql: "SELECT * FROM state WHERE id = 1"),
            let epoch = Epoch(row["epoch"] as String), let seen = SeenTransactions(row["seen"] as String)
        else { return nil }
        return MirrorPosition(
            epoch: epoch, position: UInt64(row["position"] as Int64), resume: LSN(UInt64(row["resume"] as Int64)),
            shift: UInt64(row["shift"] as Int64), seen: seen, committedAt: row["committed_at"])
    }

    func advance(in db: Database) throws {
        let statement = try db.cachedStatement(
            sql: "UPDATE state SET position = ?, resume = ?, seen = ?, committed_at = ? WHERE id = 1")
        try statement.execute(arguments: [
            Int64(position), Int64(resume.rawValue), seen.text, committedAt,
        ])
    }

    func replace(catalogue: String, in db: Database) throws {
        try db.execute(
            sql: """
                INSERT OR REPLACE INTO state (id, epoch, catalogue, position, resume, shift, seen, committed_at)
                VALUES (1, ?, ?, ?, ?, ?, ?, ?)
                """,
            arguments: [
                epoch.description, catalogue, Int64(position), Int64(resume.rawValue), Int64(shift), seen.text,
                committedAt,
            ])
    }
}
