import Merge
import Postgres
import SyncModel

/// Many rows of one table by one statement: values travel as arrays of text, one for each column.
extension PostgresOperationDatabase {
    package func lockRows(_ operations: [Operation], in table: TableSchema) throws(OperationFailure) -> [LockedRow]? {
        guard let action = operations.first?.action else { return [] }
        try writeStamps()
        let parts = try parts(of: table)
        let keys: [String?] = table.primaryKey.map { name in
            PostgresArray.literal(operations.map { $0.key[name]?.string })
        }
        let values = keys + [table.name.description]
        let present = try query(parts.lockMany, values)
        switch action {
        case .update:
            guard present.rowCount == operations.count else { return nil }
            var rows: [LockedRow] = []
            for index in 0..<present.rowCount { rows.append(try presentRow(present, index, of: table)) }
            return rows
        case .insert:
            guard present.rowCount == 0 else { return nil }
            return try missingRows(query(parts.lockKeys, values), count: operations.count)
        case .upsert, .delete:
            return nil
        }
    }

    private func presentRow(
        _ result: PostgresResult, _ index: Int, of table: TableSchema
    ) throws(OperationFailure) -> LockedRow {
        let fields = Fields(result, row: index)
        let count = table.columns.count
        let row = Row((0..<count).map { Value(fields.optional($0 + 1)) })
        let key = RowKey(text: Text(fields.text(count + 1)))
        let clocks = fields.optional(count + 3) == nil ? try clocks(of: key, in: table) : fields.clocks(count + 3)
        return LockedRow(key: key, state: .present(row, clocks, insertedBy: nil), nextVersion: fields.int(count + 2))
    }

    /// nil: one of them was there once.
    private func missingRows(_ result: PostgresResult, count: Int) -> [LockedRow]? {
        guard result.rowCount == count else { return nil }
        var rows: [LockedRow] = []
        for index in 0..<count {
            let fields = Fields(result, row: index)
            guard fields.optional(2) == nil else { return nil }
            rows.append(
                LockedRow(key: RowKey(text: Text(fields.text(0))), state: .missing, nextVersion: fields.int(1)))
        }
        return rows
    }

    package func write(_ writes: [RowWrite]) throws(OperationFailure) -> Bool {
        var order: [[String]] = []
        var updates: [[String]: [(RowWrite, [ColumnWrite])]] = [:]
        var inserts: [[String]: [[ColumnWrite]]] = [:]
        for write in writes {
            switch write.plan.effect {
            case .nothing, .refuse:
                continue
            case .update(let columns):
                let names = columns.map(\.column)
                if updates[names] == nil { order.append(names) }
                updates[names, default: []].append((write, columns))
                stamp(write, names: names)
            case .insert(let columns):
                let names = columns.map(\.column)
                if inserts[names] == nil { order.append(names) }
                inserts[names, default: []].append(columns)
                stamp(write, names: nil)
            case .delete, .resurrect:
                return false
            }
        }
        guard let table = writes.first?.table else { return true }
        let parts = try parts(of: table)
        for names in order {
            if let group = updates[names], try !update(group, names, table, parts) { return false }
            if let group = inserts[names], try !insert(group, names, parts) { return false }
        }
        return true
    }

    private func update(
        _ group: [(write: RowWrite, columns: [ColumnWrite])], _ names: [String], _ table: TableSchema,
        _ parts: OperationCatalogue.Table
    ) throws(OperationFailure) -> Bool {
        let key = table.primaryKey
        let places = key.indices.map { "k\($0)" } + names.indices.map { "v\($0)" }
        let settings = names.enumerated().map { "\(quoted($1)) = v.v\($0)::\(parts.types[$1] ?? "text")" }
        let isRow = key.enumerated().map { "t.\(quoted($1)) = v.k\($0)::\(parts.types[$1] ?? "text")" }
        let result = try query(
            """
            UPDATE \(parts.target) AS t SET \(settings.joined(separator: ", "))
            FROM \(Self.arrays(places)) WHERE \(isRow.joined(separator: " AND "))
            """,
            key.map { name in PostgresArray.literal(group.map { $0.write.operation.key[name]?.string }) }
                + names.indices.map { index in
                    PostgresArray.literal(group.map { $0.columns[index].value.text?.string })
                })
        return result.affectedRows == group.count
    }

    private func insert(
        _ group: [[ColumnWrite]], _ names: [String], _ parts: OperationCatalogue.Table
    ) throws(OperationFailure) -> Bool {
        let places = names.indices.map { "v\($0)" }
        let values = zip(places, names).map { "v.\($0)::\(parts.types[$1] ?? "text")" }
        let result = try query(
            """
            INSERT INTO \(parts.target) (\(names.map(quoted).joined(separator: ", "))) OVERRIDING SYSTEM VALUE
            SELECT \(values.joined(separator: ", ")) FROM \(Self.arrays(places))
            ON CONFLICT (\(parts.keyColumns)) DO NOTHING
            """,
            names.indices.map { index in PostgresArray.literal(group.map { $0[index].value.text?.string }) })
        return result.affectedRows == group.count
    }

    private static func arrays(_ names: [String]) -> String {
        let parameters = names.indices.map { "$\($0 + 1)::text[]" }.joined(separator: ", ")
        return "unnest(\(parameters)) AS v (\(names.joined(separator: ", ")))"
    }
}
