import JSONText
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
    /// Of the values that decide.
    package let types: [ColumnType]
    /// What the order makes of values, without their columns: for a store that works out places by itself.
    package let specification: Text

    /// The columns that decide, in the order's own order.
    package var columns: [Int] { keys.map(\.column) }

    /// As `order_by` is written.
    package func text(in table: TableSchema) -> String {
        OrderSyntax.text(
            of: keys.map { key in
                ShapeDefinition.Order(
                    Text(table.columns[key.column].name), isDescending: key.isDescending,
                    nullsFirst: key.nullsFirst)
            })
    }

    package init(_ order: [ShapeDefinition.Order], of table: TableSchema) throws(ShapeError) {
        var keys: [Key] = []
        for item in order {
            guard let column = table.index(ofBytes: item.column.string) else {
                throw .unknownColumns([item.column.string], of: table, field: "order_by")
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
        types = keys.map { table.columns[$0.column].type }
        specification = Self.specification(keys, types)
    }

    private static func specification(_ keys: [Key], _ types: [ColumnType]) -> Text {
        let items = zip(keys, types).map { key, type in
            JSON.array([
                .string(type.name), .int(Int64(type.dimensions)), .array(type.labels.map { .string($0) }),
                .bool(key.isDescending), .bool(key.nullsFirst),
            ])
        }
        return Text(String(decoding: JSON.array(items).serialized(), as: UTF8.self))
    }

    /// For a row of nothing but the values that decide, in the order's own order. nil for what is no specification.
    package init?(specification: Text) {
        guard let items = (try? JSON(parsing: specification.string))?.array else { return nil }
        var keys: [Key] = []
        var types: [ColumnType] = []
        for (column, item) in items.enumerated() {
            guard let parts = item.array, parts.count == 5, let name = parts[0].string, let dimensions = parts[1].int,
                let labels = parts[2].array, let isDescending = parts[3].bool, let nullsFirst = parts[4].bool
            else { return nil }
            let type = ColumnType(name, dimensions: Int(dimensions), labels: labels.compactMap { $0.string })
            keys.append(
                Key(column: column, type: SQLType(type), isDescending: isDescending, nullsFirst: nullsFirst))
            types.append(type)
        }
        self.keys = keys
        self.types = types
        self.specification = specification
    }

    /// A row's place, worked out once: bytes that compare as the rows do.
    package struct Place: Hashable, Comparable, Sendable {
        package let bytes: [UInt8]
        /// Decides what the order leaves equal: tables without a key, values that cannot be read.
        package let key: RowKey

        package init(bytes: [UInt8], key: RowKey) {
            self.bytes = bytes
            self.key = key
        }

        package static func < (left: Place, right: Place) -> Bool {
            left.bytes == right.bytes ? left.key < right.key : left.bytes.lexicographicallyPrecedes(right.bytes)
        }
    }

    package func place(of row: Row, _ key: RowKey) -> Place { Place(bytes: bytes(of: row), key: key) }

    /// A value that cannot be read counts as NULL.
    package func bytes(of row: Row) -> [UInt8] {
        var bytes = OrderKey()
        for key in keys {
            guard let value = row[key.column].text.flatMap({ Scalar(parsing: $0, as: key.type) }) else {
                bytes.append(byte: key.nullsFirst ? 0 : 2)
                continue
            }
            bytes.append(byte: 1)
            bytes.append(value.key(key.type == .bpchar ? .padded : .same), isDescending: key.isDescending)
        }
        return bytes.bytes
    }
}

extension SQLType {
    fileprivate var isOrdered: Bool {
        if case .opaque = self { false } else { true }
    }
}
