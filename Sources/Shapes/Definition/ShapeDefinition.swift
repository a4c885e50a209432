import SyncModel

/// A declared slice of the database, as a client asked for it: checked for form and limits, not yet against
/// a schema (that is `Shape`).
///
/// Equal definitions have equal `canonical` text, and the other way round.
package struct ShapeDefinition: Hashable, Sendable {
    /// One table of the tree.
    package struct Node: Hashable, Sendable {
        /// A condition in the language of `Protocol/shapes.md`; nil takes every row.
        package var condition: Text?
        /// Column names as given, each once; nil takes all.
        package var select: [Text]?
        /// Empty: by key.
        package var orderBy: [Order]
        /// How many rows at most, the first by `orderBy`: of the whole, or, below the root, of each parent row.
        package var limit: Int?
        /// In the order given.
        package var include: [Include]

        package init(
            condition: Text? = nil, select: [Text]? = nil, orderBy: [Order] = [], limit: Int? = nil,
            include: [Include] = []
        ) {
            self.condition = condition
            self.select = select
            self.orderBy = orderBy
            self.limit = limit
            self.include = include
        }
    }

    /// One key of an order: `updated_at DESC NULLS LAST`.
    package struct Order: Hashable, Sendable {
        /// In the catalogue's spelling.
        package var column: Text
        package var isDescending: Bool
        package var nullsFirst: Bool

        /// `nullsFirst` nil: PostgreSQL's default, NULL as the greatest value.
        package init(_ column: Text, isDescending: Bool = false, nullsFirst: Bool? = nil) {
            self.column = column
            self.isDescending = isDescending
            self.nullsFirst = nullsFirst ?? isDescending
        }
    }

    package struct Include: Hashable, Sendable {
        /// A table's name, or a foreign key's column without `_id`.
        package var name: Text
        /// The foreign key's column, where the name alone is ambiguous.
        package var on: Text?
        package var node: Node

        package init(_ name: Text, on: Text? = nil, _ node: Node = Node()) {
            self.name = name
            self.on = on
            self.node = node
        }
    }

    package let rootTable: TableName
    package let root: Node
    /// `$1` is the first. Shared by all conditions of the tree.
    package let parameters: [Text]

    /// Electric's one-table form.
    package init(
        table: TableName, where condition: String? = nil, parameters: [Text] = [], columns: [String]? = nil
    ) throws(ShapeError) {
        try self.init(
            rootTable: table,
            root: Node(condition: condition.map { Text($0) }, select: columns?.map { Text($0) }),
            parameters: parameters)
    }

    package init(rootTable: TableName, root: Node = Node(), parameters: [Text] = []) throws(ShapeError) {
        self.rootTable = rootTable
        self.root = root
        self.parameters = parameters
        try checkLimits()
    }

    package static func == (left: ShapeDefinition, right: ShapeDefinition) -> Bool {
        // Names by bytes, not by Swift's canonical equivalence.
        Text(left.rootTable.schema) == Text(right.rootTable.schema)
            && Text(left.rootTable.name) == Text(right.rootTable.name)
            && left.root == right.root && left.parameters == right.parameters
    }
}
