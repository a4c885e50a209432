/// What a shape may cost before it is refused. Every refusal names its limit and figure.
package enum ShapeLimits {
    /// Includes inside each other; the root is 1. Membership is decided by walking up this path.
    package static let maxDepth = 16
    /// Nodes of one shape.
    package static let maxNodes = 128
    /// UTF-8 bytes of one condition (Electric's figure).
    package static let maxConditionLength = 65_536
    /// Parentheses, operands, prefix operators, tests and casts inside each other. The walkers recurse this
    /// deep, on threads with as little as 512 KiB of stack.
    package static let maxConditionDepth = 64
    /// Values of one definition. PostgreSQL binds at most 65 535 in one statement.
    package static let maxParameters = 10_000
    /// UTF-8 bytes of one parameter.
    package static let maxParameterLength = 65_536
    /// Columns named by one `select`. PostgreSQL has at most 1 600 in a table.
    package static let maxSelected = 1_600
    /// Rows of one `limit`: the engine keeps the keys of a window while it works on it.
    package static let maxWindow = 100_000
    /// Keys of one `order_by`.
    package static let maxOrderKeys = 32
    /// Ways in which one explicit condition joins a child to a parent (`a = p.id OR b = p.id` has two).
    package static let maxLinks = 16
    /// UTF-8 bytes of a table's or column's name, schema included. PostgreSQL has 63 for each.
    package static let maxNameLength = 256
    /// Sub-selects of one condition, at each level.
    package static let maxSubselects = 64
}
