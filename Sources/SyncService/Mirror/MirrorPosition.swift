import GRDB
import JSONText
import Postgres
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
    /// Offsets that this mirror never told.
    var gaps = OffsetGaps()
    /// Counts the changes of the catalogue: rows of another layout are laid out otherwise.
    var layout: Int64 = 0
    /// While tables wait to be compared with PostgreSQL.
    var unsettled: Unsettled?

    /// Tables whose changes the mirror does not take, until it reaches the position that they were read anew at.
    struct Unsettled: Equatable {
        /// Sorted.
        var tables: [TableName]
        /// Nobody is told of anything after it before: it would be half of the truth.
        var frontier: UInt64
    }

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

    package func offset(of lsn: LSN) -> UInt64 { lsn.rawValue + shift }

    /// Nothing behind it is told yet, however far the logs go.
    var told: UInt64 { unsettled?.frontier ?? UInt64(Int64.max) }

    /// A transaction was applied.
    mutating func reach(_ tx: UInt64, _ transaction: SourceTransactionHeader, end: LSN) {
        position = tx
        resume = end
        seen.committed(transaction.xid)
        committedAt = max(committedAt, transaction.committedAt)
    }

    /// SQLite's integers are signed; an LSN passes 2^63 only after eight exabytes of log.
    static func read(in db: Database) throws -> MirrorPosition? {
        guard let row = try GRDB.Row.fetchOne(db, ShapeLogReader.query("SELECT * FROM state WHERE id = 1")),
            let epoch = Epoch(row["epoch"] as String), let seen = SeenTransactions(row["seen"] as String),
            let gaps = OffsetGaps(row["gaps"] as String)
        else { return nil }
        var position = MirrorPosition(
            epoch: epoch, position: UInt64(row["position"] as Int64), resume: LSN(UInt64(row["resume"] as Int64)),
            shift: UInt64(row["shift"] as Int64), seen: seen, committedAt: row["committed_at"])
        position.gaps = gaps
        position.layout = row["layout"]
        position.unsettled = try (row["unsettled"] as String?).flatMap(Unsettled.init)
        return position
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
                INSERT OR REPLACE INTO state
                (id, epoch, catalogue, position, resume, shift, seen, committed_at, gaps, layout, unsettled)
                VALUES (1, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
                """,
            arguments: [
                epoch.description, catalogue, Int64(position), Int64(resume.rawValue), Int64(shift), seen.text,
                committedAt, gaps.text, layout, unsettled?.text,
            ])
    }

    func storeUnsettled(in db: Database) throws {
        try db.execute(sql: "UPDATE state SET unsettled = ? WHERE id = 1", arguments: [unsettled?.text])
    }
}

extension MirrorPosition.Unsettled {
    /// nil where it is not what `text` gives.
    init?(_ text: String) throws {
        let json = try JSON(parsing: text)
        guard let tables = json["tables"]?.array?.compactMap(\.string),
            let frontier = json["frontier"]?.string.flatMap({ UInt64($0) })
        else { return nil }
        self.init(tables: tables.map { TableName($0) }, frontier: frontier)
    }

    var text: String {
        let json: JSON = [
            "tables": .array(tables.map { .string($0.description) }), "frontier": .string(String(frontier)),
        ]
        return json.text
    }
}

/// Stretches of offsets that the mirror has passed over without knowing what lies in them.
///
/// An offset is there because a service told it that knew more than this mirror did: the mirror is an older copy, or
/// was killed before it had written down how far it had come. What a reader holds as of such an offset cannot be
/// brought on by this mirror's logs.
struct OffsetGaps: Equatable {
    private(set) var gaps: [Gap] = []

    struct Gap: Equatable {
        /// The last that was known before it, and the first after it.
        var after: UInt64
        var before: UInt64
    }

    /// The oldest are joined, so that readers of long ago start anew, needed or not.
    static let limit = 64

    mutating func add(after: UInt64, before: UInt64) {
        guard before > after + 1 else { return }
        gaps.append(Gap(after: after, before: before))
        if gaps.count > Self.limit {
            let first = gaps.removeFirst()
            gaps[0].after = first.after
        }
    }

    func contains(_ tx: UInt64) -> Bool { gaps.contains { $0.after < tx && tx < $0.before } }

    init() {}

    init?(_ text: String) {
        for part in text.split(separator: ",") {
            let ends = part.split(separator: "-").compactMap { UInt64($0) }
            guard ends.count == 2 else { return nil }
            gaps.append(Gap(after: ends[0], before: ends[1]))
        }
    }

    var text: String { gaps.map { "\($0.after)-\($0.before)" }.joined(separator: ",") }
}
