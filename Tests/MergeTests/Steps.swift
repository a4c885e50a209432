import Merge
import SyncModel

/// A small table, and short ways to write operations and rows of it.
enum Steps {
    static let schema = TableSchema(
        name: TableName(name: "steps"),
        columns: [
            Column("id", number: 1, type: ColumnType("uuid"), isNotNull: true),
            Column("name", number: 2, type: ColumnType("text")),
            Column("x", number: 3, type: ColumnType("int4")),
        ],
        primaryKey: ["id"])

    static func operation(
        _ action: Operation.Action, _ set: [String: Value] = [:], at: Int64 = 100, base: Int64 = 0, id: String = "op"
    ) -> Operation {
        Operation(
            id: OperationID(id), table: schema.name, action: action, key: ["id": "1"], set: set,
            at: HybridTimestamp(microseconds: at), base: base)
    }

    static func plan(
        _ operation: Operation, on stored: StoredRow, replica: String = "a", seq: Int64 = 1
    ) -> RowPlan {
        RowMerge.plan(
            operation, of: ReplicaID(replica), seq: seq, clock: operation.at, schema: schema, stored: stored)
    }

    static func clock(_ version: Int64, _ at: Int64, _ replica: String = "", seq: Int64 = 0) -> ColumnClock {
        ColumnClock(
            version: version, clock: HybridTimestamp(microseconds: at), replica: ReplicaID(replica), seq: seq)
    }

    static func present(
        _ name: Value = "old", _ x: Value = "0", _ stamp: ColumnClock = clock(5, 50),
        columns: [String: ColumnClock] = [:], insertedBy: String? = nil
    ) -> StoredRow {
        let all = [stamp] + columns.values
        let clocks = RowClocks(
            version: all.map(\.version).max() ?? 0, clock: all.map(\.clock).max() ?? .zero, stamp: stamp,
            columns: columns)
        return .present(Row(["1", name, x]), clocks, insertedBy: insertedBy.map { OperationID($0) })
    }

    static func deleted(_ row: StoredRow, version: Int64, at: Int64, by replica: String = "", seq: Int64 = 0)
        -> StoredRow
    {
        guard case .present(let row, let clocks, _) = row else { return row }
        return .deleted(
            Tombstone(
                row: row,
                clocks: RowClocks(
                    version: version, clock: HybridTimestamp(microseconds: at), stamp: clocks.stamp,
                    columns: clocks.columns),
                transaction: "77", replica: ReplicaID(replica), seq: seq))
    }
}
