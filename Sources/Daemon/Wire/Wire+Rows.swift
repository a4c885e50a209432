import DaemonProtocol
import Replica
import SyncModel

/// Rows and shapes of the replica in the wire's form.
struct RowForms {
    let schema: DatabaseSchema?

    func row(_ row: LocalRow) -> DaemonProtocol.ViewRow {
        DaemonProtocol.ViewRow(
            table: row.table, key: key(row.key, of: row.table), value: ColumnValues(row.fields),
            isPending: row.isPending, place: row.place.map(Self.text))
    }

    /// Hexadecimal digits compare as the bytes do.
    private static func text(_ place: [UInt8]) -> Text {
        let digits = Array("0123456789abcdef".utf8)
        var text: [UInt8] = []
        text.reserveCapacity(2 * place.count)
        for byte in place {
            text.append(digits[Int(byte >> 4)])
            text.append(digits[Int(byte & 15)])
        }
        return Text(String(decoding: text, as: UTF8.self))
    }

    func change(_ change: LocalChange) -> DaemonProtocol.ViewChange {
        let operation: DaemonProtocol.ViewChange.Operation =
            switch change.kind {
            case .insert: .insert
            case .update: .update
            case .delete: .delete
            }
        return DaemonProtocol.ViewChange(
            operation: operation, table: change.table, key: key(change.key, of: change.table),
            value: ColumnValues(change.fields), isPending: change.isPending)
    }

    /// A row that a client is to take as new.
    func insert(_ row: LocalRow) -> DaemonProtocol.ViewChange {
        DaemonProtocol.ViewChange(
            operation: .insert, table: row.table, key: key(row.key, of: row.table), value: ColumnValues(row.fields),
            isPending: row.isPending)
    }

    /// A table without a primary key has all its columns, by name, as its key.
    private func key(_ key: RowKey, of table: TableName) -> KeyValues {
        guard let schema = schema?[table] else { return KeyValues([]) }
        let names =
            schema.primaryKey.isEmpty
            ? schema.columns.map(\.name).sorted { Text($0) < Text($1) } : schema.primaryKey
        return KeyValues(
            zip(names, key.parts).compactMap { name, text in text.map { KeyValues.Field(name, $0) } })
    }

    /// nil where there are none.
    func failures(_ failures: ShapeFailures) -> FailedRows? {
        failures.first.map { first in
            FailedRows(
                count: Int64(failures.count), table: first.table, key: key(first.key, of: first.table),
                message: first.message)
        }
    }

    func page(_ page: ViewPage, failures: ShapeFailures) -> ShapePage {
        ShapePage(
            status: page.status.wire, sequence: page.sequence, rows: page.rows.map(row), next: page.next,
            isComplete: page.isComplete, failures: self.failures(failures))
    }
}

extension HeldStatus {
    var wire: DaemonProtocol.ShapeStatus {
        switch self {
        case .initial: .initial
        case .live: .live
        case .stale: .stale
        case .ended: .ended
        }
    }

    var reason: Reason? {
        if case .ended(let reason) = self { reason } else { nil }
    }

    /// The service serves it, and it is not up to date.
    var isUnderway: Bool {
        switch self {
        case .initial, .stale: true
        case .live, .ended: false
        }
    }
}
