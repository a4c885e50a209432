import Replica
import Shapes
import SyncModel

/// 5, in windows: an own write that ranks inside is in view, and what it pushes out is not.
extension Simulation {
    /// A window that is said to be complete shows what the database would answer at this position, with the queued
    /// operations carried out.
    func checkWindows(_ index: Int) throws {
        guard options.promises.contains(.ownWrites), let replica = devices[index].process?.replica,
            replica.heldShapes.allSatisfy({ $0.status == .live }),
            let frontier = devices[index].frontier, frontier.isComplete,
            let moment = history.moment(at: frontier.position), let rows = try ownRows(replica, at: moment)
        else { return }
        let own = History.Moment(
            tx: moment.tx, rows: rows, schema: moment.schema, catalogue: moment.catalogue, now: moment.now)
        for shape in replica.heldShapes {
            guard let content = contents[shape.definition.canonical], !content.shape.ranked.isEmpty else { continue }
            let shown = try replica.read(shape: shape.id, limit: 100_000)
            guard shown.isComplete else {
                count("own windows in doubt")
                continue
            }
            count("own windows compared")
            let right = content.rows(at: own, for: devices[index].user)
            for table in content.shape.ranked {
                let keys = Set(shown.rows.filter { $0.table == table }.map(\.key))
                let expected = Set((right[table] ?? [:]).keys)
                if keys == expected { continue }
                violate(
                    .ownWrites,
                    "d\(index) \(shape.id) (\(content.shape.name)) at \(moment.tx): with own writes \(table) shows "
                        + "\(keys.sorted()) as complete where \(expected.sorted()) is right")
            }
        }
    }

    /// The moment's pipelines and steps with the device's operations carried out. nil where there are none, or where
    /// more than that decides how rows look: refused operations, rows that others made or took away, changed tables.
    private func ownRows(_ replica: Replica, at moment: History.Moment) throws -> ModelRows? {
        let counts = try replica.counts
        guard counts.pending > 0, counts.parked == 0, counts.conflicts == 0 else { return nil }
        let tables = [ModelTables.pipelines, ModelTables.steps]
        guard tables.allSatisfy({ replica.schema?[$0]?.columns == moment.schema[$0]?.columns }) else { return nil }
        var rows = moment.rows
        let records = try replica.operations([.queued, .held, .sending, .acknowledged], limit: 100_000)
        for record in records where tables.contains(record.operation.table) {
            guard record.isApplied, record.verdict.map({ $0 == .applied }) ?? true,
                carryOut(record.operation, moment.schema, &rows)
            else { return nil }
        }
        return rows
    }

    private func carryOut(_ operation: Operation, _ schema: DatabaseSchema, _ rows: inout ModelRows) -> Bool {
        guard let table = schema[operation.table], let key = operation.rowKey(in: table) else { return false }
        let old = rows[table.name]?[key]
        switch operation.action {
        case .insert where old != nil: return false
        case .update where old == nil: return false
        case .delete:
            rows[table.name]?[key] = nil
            guard table.name == ModelTables.pipelines, let steps = schema[ModelTables.steps],
                let reference = steps.index(of: "pipeline_id")
            else { return true }
            rows[steps.name] = rows[steps.name]?.filter { RowKey(values: [$0.value[reference]]) != key }
            return true
        case .insert, .update, .upsert: break
        }
        var row = old ?? Row(table.columns.map { _ in .null })
        for (place, column) in table.columns.enumerated() {
            if let text = operation.key[column.name] { row[place] = .text(text) }
            if let value = operation.set[column.name] { row[place] = value }
        }
        rows[table.name, default: [:]][key] = row
        return true
    }
}
