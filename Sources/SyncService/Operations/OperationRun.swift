import Merge
import SyncModel

/// Neighbours of a batch that can be carried out by a few statements for all of them: inserts, or updates, of
/// different rows of one table, none of a group. A statement and its triggers cost far more than a row does.
///
/// Taken together they may pass where one after the other they would not (two rows that swap what must be
/// unique, a child before its parent): columns that such a thing could hang on are left out.
enum OperationRun {
    private static let limit = 1_000

    /// Cuts what stands alone into runs; the rest is passed on one by one.
    static func cut(
        _ groups: [[SequencedOperation]], _ schema: DatabaseSchema
    ) -> [[SequencedOperation]] {
        var cut: [[SequencedOperation]] = []
        var isOpen = false
        for group in groups {
            guard group.count == 1, let single = group.first, isBulky(single.operation, schema) else {
                cut.append(group)
                isOpen = false
                continue
            }
            if isOpen, let last = cut.last, let before = last.last?.operation,
                before.table == single.operation.table, before.action == single.operation.action, last.count < limit
            {
                cut[cut.count - 1].append(single)
            } else {
                cut.append(group)
                isOpen = true
            }
        }
        return cut
    }

    private static func isBulky(_ operation: Operation, _ schema: DatabaseSchema) -> Bool {
        guard operation.group == nil, let table = schema[operation.table],
            operation.action == .insert || operation.action == .update,
            OperationCheck.refusal(of: operation, in: table) == nil
        else { return false }
        var fragile = table.uniques.flatMap { $0 }
        for reference in table.foreignKeys where reference.references == table.name { fragile += reference.columns }
        return !fragile.contains { operation.set[$0] != nil }
    }
}
