/// One row message of a shape's log, as both read routes carry it.
package struct ShapeMessage: Hashable, Sendable {
    package enum Kind: String, Hashable, Sendable { case insert, update, delete }

    package struct Field: Hashable, Sendable {
        package let column: String
        package let value: Value

        package init(_ column: String, _ value: Value) {
            self.column = column
            self.value = value
        }
    }

    package let kind: Kind
    package let table: TableName
    package let key: RowKey
    /// insert: the row as selected; update: key and changed columns; delete: the key.
    package let fields: [Field]
    package let clock: RowClock?
    /// nil in a snapshot.
    package let origin: Origin?

    /// Where in which transaction a change stands.
    package struct Origin: Hashable, Sendable {
        package let offset: LogOffset
        package let xid: UInt32
        /// The last message of its transaction in this shape.
        package let isLast: Bool

        package init(offset: LogOffset, xid: UInt32, isLast: Bool) {
            self.offset = offset
            self.xid = xid
            self.isLast = isLast
        }
    }

    package init(
        kind: Kind, table: TableName, key: RowKey, fields: [Field], clock: RowClock? = nil, origin: Origin? = nil
    ) {
        self.kind = kind
        self.table = table
        self.key = key
        self.fields = fields
        self.clock = clock
        self.origin = origin
    }
}
