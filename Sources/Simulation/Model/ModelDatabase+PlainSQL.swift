import Merge
import SyncModel
import SyncService

/// A statement of somebody who does not know of Satchel.
package enum PlainStatement: Hashable, Sendable {
    case insert(TableName, [String: Value])
    case update(TableName, key: RowKey, [String: Value])
    case delete(TableName, key: RowKey)
}

extension ModelDatabase {
    /// Carries the statements out in one transaction. False: one was refused, and nothing happened.
    @discardableResult
    package func execute(_ statements: [PlainStatement]) -> Bool {
        do throws(OperationFailure) {
            try begin()
            for statement in statements { try execute(statement) }
            try commit()
            return true
        } catch {
            rollback()
            return false
        }
    }

    private func execute(_ statement: PlainStatement) throws(OperationFailure) {
        switch statement {
        case .insert(let name, let values):
            guard let table = schema[name] else { throw Self.refused("unknown_table", "\(name)") }
            guard try insert(Self.writes(values), table) else {
                throw Self.refused("unique_violation", "\(name) has that key", .conflict)
            }
        case .update(let name, let key, let values):
            guard let table = schema[name] else { throw Self.refused("unknown_table", "\(name)") }
            // A literal is read before any row is looked for.
            for write in Self.writes(values) {
                if let index = table.index(of: write.column) {
                    _ = try Self.canonical(write.value, table.columns[index])
                }
            }
            try update(key, Self.writes(values), table)
        case .delete(let name, let key):
            guard let table = schema[name] else { throw Self.refused("unknown_table", "\(name)") }
            try delete(key, table)
        }
    }

    private static func writes(_ values: [String: Value]) -> [ColumnWrite] {
        values.keys.sorted { Text($0) < Text($1) }.map { ColumnWrite($0, values[$0] ?? .null) }
    }
}
