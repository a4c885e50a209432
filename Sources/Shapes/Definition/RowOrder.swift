import SyncModel

/// An order of one table's rows that leaves no two rows equal: the keys of `order_by`, then the primary key.
///
/// Values compare as PostgreSQL compares them, text by bytes (collation "C").
package struct RowOrder: Hashable, Sendable {
    private struct Key: Hashable, Sendable {
        let column: Int
        let type: SQLType
        let isDescending: Bool
        let nullsFirst: Bool
    }

    private let keys: [Key]

    /// The columns that decide, in the order's own order.
    package var columns: [Int] { keys.map(\.column) }

    init(_ order: [ShapeDefinition.Order], of table: TableSchema) throws(ShapeError) {
        var keys: [Key] = []
        for item in order {
            guard let column = table.index(ofBytes: item.column.string) else {
                throw .unknownColumns([item.column.string], field: "order_by")
            }
            let type = SQLType(table.columns[column].type)
            guard type.isOrdered else {
                throw ShapeError(
                    .badDefinition,
                    "rows cannot be ordered by `\(item.column)`: its type \(type.readable) has no order here",
                    field: "order_by")
            }
            // A column named twice decides nothing the second time.
            guard !keys.contains(where: { $0.column == column }) else { continue }
            keys.append(
                Key(column: column, type: type, isDescending: item.isDescending, nullsFirst: item.nullsFirst))
        }
        for column in table.keyIndexes where !keys.contains(where: { $0.column == column }) {
            let type = SQLType(table.columns[column].type)
            keys.append(Key(column: column, type: type, isDescending: false, nullsFirst: false))
        }
        self.keys = keys
    }

    /// A row's place, worked out once.
    package struct Place: Comparable, Sendable {
        fileprivate let order: RowOrder
        fileprivate let values: [Scalar?]
        /// Decides what the order leaves equal: tables without a key, values that cannot be read.
        package let key: RowKey

        package static func == (left: Place, right: Place) -> Bool { left.key == right.key }

        package static func < (left: Place, right: Place) -> Bool {
            for (index, key) in left.order.keys.enumerated() {
                switch (left.values[index], right.values[index]) {
                case (nil, nil): continue
                case (nil, _): return key.nullsFirst
                case (_, nil): return !key.nullsFirst
                case (let low?, let high?):
                    if low == high { continue }
                    let isLess = low.compares(.less, high, .same)
                    let isGreater = low.compares(.greater, high, .same)
                    if isLess != isGreater { return isLess != key.isDescending }
                }
            }
            return left.key < right.key
        }
    }

    package func place(of row: Row, _ key: RowKey) -> Place {
        let values = keys.map { key in row[key.column].text.flatMap { Scalar(parsing: $0, as: key.type) } }
        return Place(order: self, values: values, key: key)
    }
}

extension SQLType {
    fileprivate var isOrdered: Bool {
        if case .opaque = self { false } else { true }
    }
}
