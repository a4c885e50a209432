import Merge
import SyncModel

/// Brings back what the delete of a row had taken along by `on delete cascade`, after the row itself came
/// back: all that was deleted by the same transaction, hangs on the row (directly or not), has not come back
/// since, and whose other parents exist. Then the references that the same delete set to null, where nobody has
/// written them since.
struct CascadeRestore<Database: OperationDatabase> {
    let database: Database

    func restore(under root: DeletedRow) throws(OperationFailure) {
        var pending = try descendants(of: root)
        // Parents are found before children, but a row may hang on several: go round until nothing moves.
        var present = [root]
        var hasProgress = true
        while hasProgress, !pending.isEmpty {
            hasProgress = false
            var waiting: [DeletedRow] = []
            for row in pending {
                if try isDone({ () throws(OperationFailure) in try database.restore(row) }) {
                    hasProgress = true
                    present.append(row)
                } else {
                    waiting.append(row)
                }
            }
            pending = waiting
        }
        for parent in present { try restoreReferences(to: parent) }
    }

    private func restoreReferences(to parent: DeletedRow) throws(OperationFailure) {
        for table in database.schema.tables where !table.primaryKey.isEmpty {
            for foreignKey in table.foreignKeys
            where foreignKey.onDelete == .setNull && foreignKey.references == parent.table.name {
                for nulled in try database.nulledReferences(foreignKey, of: table, to: parent) {
                    _ = try isDone { () throws(OperationFailure) in try database.restore(nulled) }
                }
            }
        }
    }

    private func descendants(of root: DeletedRow) throws(OperationFailure) -> [DeletedRow] {
        var found: [DeletedRow] = []
        var seen: Set<Identity> = [Identity(root)]
        var parents = [root]
        while !parents.isEmpty {
            var children: [DeletedRow] = []
            for parent in parents {
                for child in try self.children(of: parent, transaction: root.tombstone.transaction)
                where seen.insert(Identity(child)).inserted {
                    children.append(child)
                }
            }
            found += children
            parents = children
        }
        return found
    }

    private func children(of parent: DeletedRow, transaction: String) throws(OperationFailure) -> [DeletedRow] {
        var children: [DeletedRow] = []
        for table in database.schema.tables {
            for foreignKey in table.foreignKeys
            where foreignKey.onDelete == .cascade && foreignKey.references == parent.table.name {
                let values = foreignKey.referencedColumns.compactMap { column in
                    parent.table.index(of: column).flatMap { parent.tombstone.row[$0].text }
                }
                guard values.count == foreignKey.columns.count else { continue }
                children += try database.tombstones(
                    of: table, where: foreignKey.columns, equal: values, deletedBy: transaction)
            }
        }
        return children
    }

    /// False: a parent is missing, or another row stands in the way.
    private func isDone(_ restore: () throws(OperationFailure) -> Bool) throws(OperationFailure) -> Bool {
        try database.savepoint()
        do throws(OperationFailure) {
            let isRestored = try restore()
            try database.releaseSavepoint()
            return isRestored
        } catch {
            guard case .refused = error else { throw error }
            try database.rollbackToSavepoint()
            return false
        }
    }

    private struct Identity: Hashable {
        let table: TableName
        let key: RowKey

        init(_ row: DeletedRow) {
            table = row.table.name
            key = row.key
        }
    }
}
