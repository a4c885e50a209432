import DaemonProtocol
import SyncModel

/// The rows of the watched shapes as their changes arrive, for a live view.
package struct LiveRows: Sendable {
    private struct Key: Hashable {
        let subscription: String
        let table: TableName
        let values: [Text]

        init(_ subscription: String, _ table: TableName, _ key: KeyValues) {
            self.subscription = subscription
            self.table = table
            values = key.fields.sorted { Text($0.column) < Text($1.column) }.map(\.text)
        }
    }

    private var rows: [Key: ViewRow] = [:]
    /// Arrival, so that rows do not jump about.
    private var order: [Key] = []
    package private(set) var changes = 0

    package init() {}

    package var all: [ViewRow] { order.compactMap { rows[$0] } }

    package mutating func add(_ page: [ViewRow], subscription: String) {
        for row in page { set(row, for: Key(subscription, row.table, row.key)) }
    }

    package mutating func apply(_ params: ShapeChanged.Params) {
        for part in params.subscriptions {
            if part.isReset { remove(part.subscription) }
            for change in part.changes { apply(change, subscription: part.subscription) }
            changes += part.changes.count
        }
    }

    private mutating func apply(_ change: ViewChange, subscription: String) {
        let key = Key(subscription, change.table, change.key)
        guard change.operation != .delete else {
            rows[key] = nil
            order.removeAll { $0 == key }
            return
        }
        let held = change.operation == .update ? rows[key]?.value.fields ?? [] : []
        let changed = Set(change.value.fields.map(\.column))
        let fields = held.map { field in
            changed.contains(field.column)
                ? change.value.fields.last { $0.column == field.column } ?? field : field
        }
        let known = Set(held.map(\.column))
        let added = change.value.fields.filter { !known.contains($0.column) }
        let value = DaemonProtocol.ColumnValues(fields + added)
        set(
            ViewRow(table: change.table, key: change.key, value: value, isPending: change.isPending), for: key
        )
    }

    private mutating func set(_ row: ViewRow, for key: Key) {
        if rows.updateValue(row, forKey: key) == nil { order.append(key) }
    }

    private mutating func remove(_ subscription: String) {
        order.removeAll { $0.subscription == subscription }
        rows = rows.filter { $0.key.subscription != subscription }
    }
}
