import JSONText
import Merge
import Postgres
import SyncModel

/// What a row that comes back brings along.
extension PostgresOperationDatabase {
    package func tombstones(
        of table: TableSchema, where columns: [String], equal values: [Text], deletedBy transaction: String
    ) throws(OperationFailure) -> [DeletedRow] {
        try writeStamps()
        let matches = columns.indices.map { " AND c.row ->> $\(3 + 2 * $0)::text = $\(4 + 2 * $0)" }.joined()
        let result = try query(
            """
            SELECT c.key, \(Fields.clockColumns) FROM satchel.clock AS c
            WHERE c.deleted AND c.deleted_by = $1 AND c.relation = $2 AND c.deleted_replica = ''\(matches)
            ORDER BY c.key FOR UPDATE
            """,
            [transaction, table.name.description] + zip(columns, values).flatMap { [$0, $1.string] })
        return (0..<result.rowCount).map { row in
            let fields = Fields(result, row: row)
            return DeletedRow(
                table: table, key: RowKey(text: Text(fields.text(0))), tombstone: fields.tombstone(1, of: table))
        }
    }

    package func restore(_ row: DeletedRow) throws(OperationFailure) -> Bool {
        let parts = try parts(of: row.table)
        let values = zip(parts.columns, row.tombstone.row.values).filter { $0.1 != .absent }
        let places = values.indices.map { "$\($0 + 1)" }.joined(separator: ", ")
        let inserted = try query(
            """
            INSERT INTO \(parts.target) (\(values.map(\.0).joined(separator: ", "))) OVERRIDING SYSTEM VALUE
            VALUES (\(places)) ON CONFLICT DO NOTHING
            """, values.map { $0.1.text?.string })
        guard inserted.affectedRows > 0 else { return false }
        // The version stays the trigger's, which is greater than any that was drawn before.
        try stamp(row.table, row.key, kept: row.tombstone.clocks, written: [], .zero)
        try checkConstraints()
        return true
    }

    package func nulledReferences(
        _ reference: ForeignKey, of table: TableSchema, to parent: DeletedRow
    ) throws(OperationFailure) -> [NulledReference] {
        try writeStamps()
        var conditions = ""
        var values: [String?] = [parent.tombstone.transaction, table.name.description, reference.name]
        for (column, referenced) in zip(reference.columns, reference.referencedColumns) {
            guard let place = parent.table.index(of: referenced), let text = parent.tombstone.row[place].text else {
                return []
            }
            conditions += " AND n.row ->> $\(values.count + 1)::text = $\(values.count + 2)"
            values += [column, text.string]
        }
        let result = try query(
            """
            SELECT n.key, n.row, n.stamps FROM satchel.nulled AS n
            JOIN satchel.clock AS c ON c.relation = n.relation AND c.key = n.key AND NOT c.deleted
            WHERE n.transaction = $1::xid8 AND n.relation = $2 AND n.reference = $3\(conditions)
            AND NOT EXISTS (SELECT FROM jsonb_object_keys(n.stamps) AS name
                WHERE (c.columns -> name ->> 0)::bigint IS DISTINCT FROM n.version)
            ORDER BY n.key
            """, values)
        return (0..<result.rowCount).map { row in
            let fields = Fields(result, row: row)
            var values: [String: Value] = [:]
            for member in fields.json(1).object?.members ?? [] { values[member.key] = Value(member.value.string) }
            return NulledReference(
                table: table, key: RowKey(text: Text(fields.text(0))), reference: reference, values: values,
                stamps: RowClocks.columns(fields.json(2)))
        }
    }

    package func restore(_ nulled: NulledReference) throws(OperationFailure) -> Bool {
        let parts = try parts(of: nulled.table)
        let key = nulled.table.primaryKey.map { nulled.values[$0]?.text?.string }
        let writes = nulled.writes
        let settings = writes.enumerated().map { "\(quoted($1.column)) = $\(key.count + $0 + 1)" }
        let isNull = writes.map { "\(quoted($0.column)) IS NULL" }
        let updated = try query(
            """
            UPDATE \(parts.target) SET \(settings.joined(separator: ", "))
            WHERE \(([parts.isRow] + isNull).joined(separator: " AND "))
            """, key + writes.map { $0.value.text?.string })
        guard updated.affectedRows > 0 else { return false }
        let kept = RowClocks(version: 0, clock: .zero, stamp: .zero, columns: nulled.stamps).columnsJSON.text
        let place = [nulled.table.name.description, nulled.key.text.string]
        try query(
            "UPDATE satchel.clock SET columns = columns || $3::jsonb WHERE relation = $1 AND key = $2", place + [kept])
        try query(
            "DELETE FROM satchel.nulled WHERE relation = $1 AND key = $2 AND reference = $3",
            place + [nulled.reference.name])
        try checkConstraints()
        return true
    }
}
