import JSONText
import Merge
import Postgres
import SyncModel

/// One row of a result, read by position. NULL and what is no number read as empty and 0: the statements
/// here select what cannot be either.
struct Fields {
    private let result: PostgresResult
    private let row: Int

    init(_ result: PostgresResult, row: Int) {
        self.result = result
        self.row = row
    }

    func optional(_ column: Int) -> String? { result[row, column] }
    func text(_ column: Int) -> String { result[row, column] ?? "" }
    func int(_ column: Int) -> Int64 { Int64(text(column)) ?? 0 }
    func clock(_ column: Int) -> HybridTimestamp { HybridTimestamp(microseconds: int(column)) }
    func json(_ column: Int) -> JSON { (try? JSON(parsing: text(column))) ?? .null }

    /// The columns of `clockColumns` from `first` on.
    func clocks(_ first: Int) -> RowClocks {
        let stamp = ColumnClock(
            version: int(first + 2), clock: clock(first + 3), replica: ReplicaID(text(first + 4)), seq: int(first + 5))
        let columns = text(first + 6) == "{}" ? [:] : RowClocks.columns(json(first + 6))
        return RowClocks(version: int(first), clock: clock(first + 1), stamp: stamp, columns: columns)
    }

    func tombstone(_ first: Int, of table: TableSchema) -> Tombstone {
        let values = json(first + 8).object
        let row = Row(
            table.columns.map { column in
                guard let value = values?[column.name] else { return .absent }
                return Value(value.string)
            })
        return Tombstone(
            row: row, clocks: clocks(first), transaction: text(first + 9), replica: ReplicaID(text(first + 10)),
            seq: int(first + 11))
    }

    func isDeleted(_ first: Int) -> Bool { text(first + 7) == "t" }

    /// Of `satchel.clock AS c`.
    static let clockColumns = """
        c.version, c.clock, c.stamp_version, c.stamp_clock, c.stamp_replica, c.stamp_seq, c.columns, c.deleted, \
        c.row, c.deleted_by, c.deleted_replica, c.deleted_seq
        """
}
