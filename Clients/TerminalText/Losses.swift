import DaemonProtocol
import SyncModel

/// What lost to other writes, as people count it: five edits of one column that lost are one loss, that of the newest.
package struct Losses: Hashable, Sendable {
    /// Columns of rows.
    private let columns: Int
    private let rows: Int
    /// Rows of which a whole operation lost.
    private let wholeRows: Int

    private struct Row: Hashable {
        let table: TableName
        let key: KeyValues
    }

    /// nil: nothing lost.
    package init?(_ operations: [OperationSummary]) {
        var columns: [Row: Set<Text>] = [:]
        var wholes: Set<Row> = []
        for operation in operations {
            guard let lost = operation.lostColumns else { continue }
            let row = Row(table: operation.table, key: operation.key)
            if lost.isEmpty {
                wholes.insert(row)
            } else {
                columns[row, default: []].formUnion(lost.map { Text($0) })
            }
        }
        guard !columns.isEmpty || !wholes.isEmpty else { return nil }
        self.columns = columns.values.reduce(0) { $0 + $1.count }
        rows = columns.count
        wholeRows = wholes.count
    }

    /// `3 columns of 2 rows and 1 whole row`
    package var text: String {
        var parts: [String] = []
        if columns > 0 {
            parts.append("\(Printable.count(Int64(columns), "column")) of \(Printable.count(Int64(rows), "row"))")
        }
        if wholeRows > 0 { parts.append(Printable.count(Int64(wholeRows), "whole row")) }
        return parts.joined(separator: " and ")
    }
}
