import JSONText
import Shapes
import SyncModel
import SyncProtocol

/// Writes the messages of one shape, in the form it is kept in.
struct MessageRenderer {
    private struct Table {
        let schema: TableSchema
        let columns: [String]
        let selection: [Int]
        let writer: MessageWriter
    }

    private let form: ShapeForm
    private let tables: [TableName: Table]
    /// A row may go because it may not be read any more, so its end is told by its key alone.
    private let isRestricted: Bool

    init(_ kept: KeptShape, catalogue: DatabaseSchema) {
        form = kept.form
        isRestricted = kept.shape.grant.isRestricted
        var tables: [TableName: Table] = [:]
        for name in kept.shape.tables {
            guard let schema = catalogue[name] else { continue }
            tables[name] = Table(
                schema: schema, columns: schema.columns.map(\.name), selection: kept.shape.selection(of: name),
                writer: MessageWriter(table: name))
        }
        self.tables = tables
    }

    /// A row of the snapshot.
    func writeSnapshot(_ name: TableName, _ key: RowKey, _ row: Row, _ clock: RowClock?, to json: inout JSONWriter) {
        guard let table = tables[name] else { return }
        switch form {
        case .stream:
            table.writer.write(
                .insert, key: key, row: row, columns: table.columns, selection: table.selection, clock: clock,
                origin: nil, to: &json)
        case .electric:
            ElectricMessage.writeSnapshot(
                key: key, row: row, table: table.schema, table.writer, selection: table.selection, to: &json)
        }
    }

    func write(_ logged: LoggedChange, to json: inout JSONWriter) {
        guard let table = tables[logged.table] else { return }
        let change = logged.padded(to: table.columns.count)
        guard let row = change.kind == .delete ? change.old : change.new else { return }
        switch form {
        case .stream:
            table.writer.write(
                change.kind, key: change.key, row: row, columns: table.columns,
                selection: fields(of: change, table), clock: change.clock,
                origin: ShapeMessage.Origin(offset: change.offset, xid: change.xid, isLast: change.isLast), to: &json)
        case .electric(let isFull, _):
            let full = isFull && !(isRestricted && change.kind == .delete)
            ElectricMessage.write(
                change, row: row, table: table.schema, table.writer,
                fields: full ? table.selection : fields(of: change, table),
                oldFields: full ? Self.changed(change, table.selection) : [], to: &json)
        }
    }

    /// insert: the selection; update: key and changed columns; delete: the key.
    private func fields(of change: LoggedChange, _ table: Table) -> [Int] {
        let key = table.schema.primaryKey.isEmpty ? Array(table.columns.indices) : table.schema.keyIndexes
        switch change.kind {
        case .insert: return table.selection
        case .delete: return table.selection.filter(key.contains)
        case .update:
            let changed = Self.changed(change, table.selection)
            return table.selection.filter { key.contains($0) || changed.contains($0) }
        }
    }

    private static func changed(_ change: LoggedChange, _ selection: [Int]) -> [Int] {
        guard change.kind == .update, let old = change.old, let new = change.new else { return [] }
        return selection.filter { old[$0] != new[$0] }
    }
}
