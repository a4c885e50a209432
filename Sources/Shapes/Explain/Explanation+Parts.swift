import SyncModel

extension Explanation {
    /// A part of a condition, and what it says of a row by itself. (What stands behind a part that decides is not
    /// asked in the condition as a whole, so an error there does no harm.)
    package struct Term: Hashable, Sendable {
        package enum Kind: String, CaseIterable, Hashable, Sendable {
            case and, or, not, test
        }

        package let kind: Kind
        /// Constants and parameters are written out. Cut off behind `ExplanationLimits.text` bytes.
        package let sql: String
        package let truth: Truth
        /// Of a test: the row's columns that it asks for.
        package let values: [NamedValue]
        /// Those of them that are not held here.
        package let lacking: [String]
        /// Of a test: its sub-selects, in order.
        package let subselects: [Members]
        package let parts: [Term]

        package init(
            kind: Kind, sql: String, truth: Truth, values: [NamedValue] = [], lacking: [String] = [],
            subselects: [Members] = [], parts: [Term] = []
        ) {
            self.kind = kind
            self.sql = sql
            self.truth = truth
            self.values = values
            self.lacking = lacking
            self.subselects = subselects
            self.parts = parts
        }
    }

    /// What a sub-select gives: only of rows that the person may read.
    package struct Members: Hashable, Sendable {
        package let table: TableName
        /// How many different members count for the row: of a correlated sub-select those of its group. nil: it cannot
        /// be decided here.
        package let count: Int?
        /// Whether the row's value is among them; of EXISTS, whether there is any.
        package let truth: Truth

        package init(table: TableName, count: Int?, truth: Truth) {
            self.table = table
            self.count = count
            self.truth = truth
        }
    }

    /// How changes find the shape at a node.
    package struct Matching: Hashable, Sendable {
        /// Each is enough. Empty: every change of the table is asked about.
        package let ways: [Way]
        /// Those that are not told.
        package let moreWays: Int
        /// Its condition, or rule, asks for the time: rows are also filed under the moment at which it moves them.
        package let isTimed: Bool

        package init(ways: [Way], moreWays: Int = 0, isTimed: Bool) {
            self.ways = ways
            self.moreWays = moreWays
            self.isTimed = isTimed
        }

        package var isScanned: Bool { ways.isEmpty }

        /// From the changed row up to the row whose columns are looked at.
        package struct Way: Hashable, Sendable {
            package let steps: [Step]
            package let columns: [String]
            package let filing: Filing

            package init(steps: [Step], columns: [String], filing: Filing) {
                self.steps = steps
                self.columns = columns
                self.filing = filing
            }
        }

        /// To the rows of `table` whose columns equal the row's.
        package struct Step: Hashable, Sendable {
            package let columns: [String]
            package let table: TableName
            package let tableColumns: [String]

            package init(columns: [String], table: TableName, tableColumns: [String]) {
                self.columns = columns
                self.table = table
                self.tableColumns = tableColumns
            }
        }

        package enum Filing: Hashable, Sendable {
            /// Under these values of the column, and so many more.
            case values([Text], more: Int)
            /// Under the members of a sub-select over a table.
            case members(of: TableName)
        }
    }
}

extension Text {
    /// Cut off at a character's end, with a mark.
    package var shortened: Text { Text(string.shortened) }
}

extension String {
    package var shortened: String {
        guard utf8.count > ExplanationLimits.text else { return self }
        var cut = ""
        var count = 0
        for scalar in unicodeScalars {
            count += String(scalar).utf8.count
            guard count <= ExplanationLimits.text else { break }
            cut.unicodeScalars.append(scalar)
        }
        return cut + "…"
    }
}

extension Explanation.NamedValue {
    /// A column that is not held is told as NULL: the caller leaves it out.
    package init(of row: Row, _ column: Int, in table: TableSchema) {
        self.init(table.columns[column].name, row[column].text?.shortened)
    }
}
