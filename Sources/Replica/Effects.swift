import SyncModel

/// A row of a shape as a person sees it: confirmed, with the queued operations on top.
package struct ViewRow: Hashable, Sendable {
    package let table: TableName
    package let key: RowKey
    /// The selected columns that are held, in the table's column order.
    package let fields: [ShapeMessage.Field]
    /// Queued operations touch it.
    package let isPending: Bool
    /// Bytes by which it compares with the shape's other rows of the table; nil where nobody asked.
    package let place: [UInt8]?

    package init(
        table: TableName, key: RowKey, fields: [ShapeMessage.Field], isPending: Bool, place: [UInt8]? = nil
    ) {
        self.table = table
        self.key = key
        self.fields = fields
        self.isPending = isPending
        self.place = place
    }
}

/// One difference between what a person saw of a shape before an event, and after it.
package struct ViewChange: Hashable, Sendable {
    package let kind: ShapeMessage.Kind
    package let table: TableName
    package let key: RowKey
    /// insert: the row; update: the columns that changed (none where only `isPending` did); delete: empty.
    package let fields: [ShapeMessage.Field]
    package let isPending: Bool

    package init(
        kind: ShapeMessage.Kind, table: TableName, key: RowKey, fields: [ShapeMessage.Field], isPending: Bool
    ) {
        self.kind = kind
        self.table = table
        self.key = key
        self.fields = fields
        self.isPending = isPending
    }
}

/// What one event changed in the view of one shape.
package struct ShapeEffect: Hashable, Sendable {
    package let shape: String
    /// Too much changed to list: the rows that were seen of the shape are void, and are to be read again.
    package let isReset: Bool
    /// False: a window has fewer rows than it takes, or others than the first, and the service may know of more.
    package let isComplete: Bool
    /// Sorted by table, then key bytes.
    package let changes: [ViewChange]

    package init(shape: String, isReset: Bool = false, isComplete: Bool = true, changes: [ViewChange]) {
        self.shape = shape
        self.isReset = isReset
        self.isComplete = isComplete
        self.changes = changes
    }
}

/// An operation as an event left it, so that it need not be read again to be told of.
package struct OperationChange: Hashable, Sendable {
    package let id: OperationID
    /// nil: it was taken out of the queue.
    package let record: OperationRecord?

    package init(id: OperationID, record: OperationRecord?) {
        self.id = id
        self.record = record
    }
}

/// Of several changes of one operation the last, in the place of the first.
package struct OperationChanges: Sendable {
    package private(set) var all: [OperationChange] = []
    private var places: [OperationID: Int] = [:]

    package init() {}

    package mutating func note(_ change: OperationChange) {
        if let place = places[change.id] {
            all[place] = change
        } else {
            places[change.id] = all.count
            all.append(change)
        }
    }
}

/// What one source transaction, or one other event, changed, over all shapes: seen whole or not at all.
package struct Effects: Hashable, Sendable {
    /// Grows by one with every event that changed anything; counts from 1 in each process.
    package let sequence: Int64
    /// The place in the database's log that the view reaches with it: of the transaction, or of the frontier where rows
    /// came into view. nil for what happened on the device alone.
    package let position: UInt64?
    /// Only shapes whose view changed, in the order in which they were first held.
    package let shapes: [ShapeEffect]
    /// Shapes whose status changed, or what is known of rows that they leave out.
    package let statuses: [String]
    /// Operations whose state or verdict changed, each once, in the order in which they first did.
    package let operations: [OperationChange]

    package init(
        sequence: Int64, position: UInt64? = nil, shapes: [ShapeEffect] = [], statuses: [String] = [],
        operations: [OperationChange] = []
    ) {
        self.sequence = sequence
        self.position = position
        self.shapes = shapes
        self.statuses = statuses
        self.operations = operations
    }

    package var isEmpty: Bool { shapes.isEmpty && statuses.isEmpty && operations.isEmpty }
}
