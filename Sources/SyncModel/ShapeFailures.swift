/// A row that is outside a shape because its condition could not be evaluated.
package struct ConditionFailure: Hashable, Sendable {
    package let table: TableName
    package let key: RowKey
    /// In PostgreSQL's words.
    package let message: String

    package init(table: TableName, key: RowKey, message: String) {
        self.table = table
        self.key = key
        self.message = message
    }
}

/// The rows that a shape leaves out because its condition fails for them: how many, and one of them by name.
package struct ShapeFailures: Hashable, Sendable {
    package let count: Int
    /// The first by table and key; nil where there is none.
    package let first: ConditionFailure?
    /// Names the above: the same text, the same content. nil where there is none.
    package let tag: String?

    package static let none = ShapeFailures()

    private init() {
        count = 0
        first = nil
        tag = nil
    }

    /// `count` is 1 or more.
    package init(count: Int, first: ConditionFailure, tag: String) {
        self.count = count
        self.first = first
        self.tag = tag
    }
}
