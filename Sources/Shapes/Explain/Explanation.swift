import SyncModel

/// Why a row is, or is not, in a shape: plain data, made by the engine, told over both wires.
package struct Explanation: Hashable, Sendable {
    /// There is such a row, and whoever asks may read it. One that may not be read is told as one that there is not.
    package let isFound: Bool
    /// nil: it cannot be decided here.
    package var isMember: Bool?
    /// What `NOW()` was, in PostgreSQL's words; nil where no condition asks, or it is not known.
    package let now: Text?
    /// The table's read rule, which let the row be read; nil where it has none.
    package let permission: Permission?
    /// The shape's nodes of the row's table, in order.
    package let nodes: [Node]

    package init(isFound: Bool, isMember: Bool?, now: Text? = nil, permission: Permission? = nil, nodes: [Node]) {
        self.isFound = isFound
        self.isMember = isMember
        self.now = now
        self.permission = permission
        self.nodes = nodes
    }

    /// A column of a row.
    package struct NamedValue: Hashable, Sendable {
        package let column: String
        /// nil is NULL. Cut off behind `ExplanationLimits.text` bytes.
        package let value: Text?

        package init(_ column: String, _ value: Text?) {
            self.column = column
            self.value = value
        }
    }

    /// The rule as the data model has it, and what the person's claims are in it. Nothing of the rule's parts: which of
    /// them is true could tell of rows that the person may not read.
    package struct Permission: Hashable, Sendable {
        package let rule: Text
        /// Those that the shape's rules take, by name, sorted; NULL is one that the person lacks.
        package let claims: [NamedValue]

        package init(rule: Text, claims: [NamedValue]) {
            self.rule = rule
            self.claims = claims
        }
    }

    /// One node of the tree.
    package struct Node: Hashable, Sendable {
        /// Include names from the root, joined by `/`; empty for the root.
        package let path: String
        package let matching: Matching
        package let window: Window?
        /// nil where the row is not found.
        package let place: Place?

        package init(path: String, matching: Matching, window: Window?, place: Place?) {
            self.path = path
            self.matching = matching
            self.window = window
            self.place = place
        }
    }

    package struct Window: Hashable, Sendable {
        /// As `order_by` is written, ending in the key.
        package let order: String
        package let limit: Int
        /// The path of the node each of whose rows has a window of its own; nil: one for all.
        package let per: String?

        package init(order: String, limit: Int, per: String?) {
            self.order = order
            self.limit = limit
            self.per = per
        }
    }

    /// A row at a node: what decides whether it is a member there.
    package struct Place: Hashable, Sendable {
        package let key: [NamedValue]
        /// nil: it cannot be decided here.
        package let isMember: Bool?
        /// What was asked for, without the read rule; nil takes every row.
        package let condition: Term?
        /// In each window that the row competes in; empty where its condition, or all above, keeps it out.
        package let ranks: [Rank]
        /// How many windows beside these.
        package let moreRanks: Int
        /// nil for the root, and where the limit of an explanation was reached.
        package let parents: Parents?

        package init(
            key: [NamedValue], isMember: Bool?, condition: Term?, ranks: [Rank] = [], moreRanks: Int = 0,
            parents: Parents?
        ) {
            self.key = key
            self.isMember = isMember
            self.condition = condition
            self.ranks = ranks
            self.moreRanks = moreRanks
            self.parents = parents
        }
    }

    /// The rows of the node above that a row joins, and that the person may read.
    package struct Parents: Hashable, Sendable {
        package let path: String
        package let table: TableName
        /// Members first, then by key.
        package let rows: [Place]
        /// How many beside these.
        package let more: Int

        package init(path: String, table: TableName, rows: [Place], more: Int) {
            self.path = path
            self.table = table
            self.rows = rows
            self.more = more
        }
    }

    /// A row's place in one window.
    package struct Rank: Hashable, Sendable {
        /// The row whose window it is; empty for the one window of the root.
        package let group: [NamedValue]
        package let isInside: Bool
        /// From 1; nil: further than is counted.
        package let rank: Int?
        /// The values that the order goes by.
        package let values: [NamedValue]

        package init(group: [NamedValue], isInside: Bool, rank: Int?, values: [NamedValue]) {
            self.group = group
            self.isInside = isInside
            self.rank = rank
            self.values = values
        }
    }
}

/// How much an explanation tells, so that it stays one that people can read.
package enum ExplanationLimits {
    /// Bytes of one value, or of one condition as it is written out.
    package static let text = 1_000
    /// Parents of one row, and windows of one row.
    package static let parents = 20
    package static let windows = 5
    /// Rows, over the whole tree.
    package static let places = 200
    /// Parts of conditions, over the whole tree; and how deep they are taken apart.
    package static let terms = 1_000
    package static let termDepth = 6
    /// Rows behind its end that a window is counted on.
    package static let ranksBehind = 1_000
    /// Rows that are counted for ranks, over the whole tree.
    package static let ranked = 200_000
    /// Values, or ways, that a node is filed under.
    package static let filed = 20
}
