import DaemonProtocol
import JSONText
import SyncModel

/// Rows and changes for people.
package enum RowsText {
    /// One table for each table of the shape, in the order of their first rows. `*` marks pending rows.
    package static func lines(_ rows: [ViewRow], width: Int?, style: Style) -> [String] {
        var tables: [TableName] = []
        var byTable: [TableName: [ViewRow]] = [:]
        for row in rows {
            if byTable[row.table] == nil { tables.append(row.table) }
            byTable[row.table, default: []].append(row)
        }
        var lines: [String] = []
        for table in tables {
            let rows = byTable[table] ?? []
            if !lines.isEmpty { lines.append("") }
            let count = Printable.count(Int64(rows.count), "row")
            lines.append(style(.strong, name(table)) + style(.quiet, " · " + count))
            let (table, hidden) = self.table(rows).fitted(width: width, style: .plain)
            lines += table
            if let width, !hidden.isEmpty { lines.append(style(.quiet, note(hidden, width))) }
        }
        return lines
    }

    private static func note(_ hidden: [String], _ width: Int) -> String {
        let columns = Printable.count(Int64(hidden.count), "column")
        return Printable.fitted("… \(columns) more: --json, or \"select\" in --definition", width: width)
    }

    /// Columns of a terminal that a name gets at least, unless it is shorter.
    private static let nameWidth = 20

    private static func table(_ rows: [ViewRow]) -> TableText {
        var columns: [String] = []
        var seen: Set<String> = []
        for row in rows {
            for field in row.value.fields where seen.insert(field.column).inserted {
                columns.append(field.column)
            }
        }
        let cells = rows.map { row in
            let values = row.value.dictionary
            return [row.isPending ? "*" : ""] + columns.map { text(values[$0] ?? .absent) }
        }
        // What a row is called, and its key, tell more than what it belongs to.
        let keys = Set(rows.first?.key.fields.map { Text($0.column) } ?? [])
        var table = TableText(heading: [""] + columns, rows: cells, kept: [0])
        for (place, column) in zip(1..., columns) {
            if keys.contains(Text(column)) || column == "name" {
                table.kept.insert(place)
                table.leasts[place] = column == "name" ? nameWidth : IDText.least
            } else if column.utf8.reversed().starts(with: "_id".utf8.reversed()), isReference(column, rows) {
                table.dispensable.insert(place, at: 0)
                table.leasts[place] = IDText.least
            }
        }
        return table
    }

    private static func isReference(_ column: String, _ rows: [ViewRow]) -> Bool {
        rows.allSatisfy { row in
            switch row.value[column] {
            case .text(let text)?: IDText.isUUID(text)
            case .null?, .absent?, nil: true
            }
        }
    }

    package static func text(_ value: Value) -> String {
        switch value {
        case .absent: ""
        case .null: "∅"
        case .text(let text): text.string
        }
    }

    /// `+ steps 1f…  name=fetch`, `~` for an update, `-` for a delete; `*` when it is pending.
    package static func line(_ change: ViewChange, style: Style) -> String {
        line(change, key: key(change.key), style: style)
    }

    /// The same in one line of a terminal. What changed says more than the rest of a long key.
    package static func line(_ change: ViewChange, width: Int) -> String {
        let whole = line(change, style: .plain)
        if Printable.width(whole, limit: width) <= width { return whole }
        let key = Printable.fitted(Printable.line(key(change.key)), width: 9)
        return Printable.fitted(line(change, key: key, style: .plain), width: width)
    }

    private static func line(_ change: ViewChange, key: String, style: Style) -> String {
        let mark =
            switch change.operation {
            case .insert: style(.good, "+")
            case .update: style(.busy, "~")
            case .delete: style(.bad, "-")
            }
        let keys = Set(change.key.fields.map(\.column))
        let fields = change.value.fields.filter { !keys.contains($0.column) }
            .map { "\($0.column)=\(Printable.fitted(Printable.line(text($0.value), width: 60), width: 60))" }
        let parts = [name(change.table), key] + fields
        return mark + (change.isPending ? "* " : "  ") + Printable.line(parts.joined(separator: " "))
    }

    /// A row that is there, as the change that would bring it.
    package static func insert(_ row: ViewRow) -> ViewChange {
        ViewChange(operation: .insert, table: row.table, key: row.key, value: row.value, isPending: row.isPending)
    }

    package static func key(_ key: KeyValues) -> String {
        key.fields.map(\.text.string).joined(separator: "/")
    }

    package static func name(_ table: TableName) -> String {
        table.schema == "public" ? table.name : table.description
    }
}
