/// The identifiers that both wires carry. Each is opaque text with its own type, so that one can never be
/// passed where another is meant.

/// One replica directory. A copied or restored directory gets a new one; two daemons never share one.
package struct ReplicaID: Hashable, Comparable, Sendable, CustomStringConvertible {
    package let description: String

    package init(_ text: String) {
        description = text
    }

    /// The writer of changes that came in by plain SQL. Sorts before every replica.
    package static let plainSQL = ReplicaID("")

    package static func < (left: ReplicaID, right: ReplicaID) -> Bool {
        Text(left.description) < Text(right.description)
    }
}

/// One queued intent. Chosen by the device, kept over retries and amendments.
package struct OperationID: Hashable, Comparable, Sendable, CustomStringConvertible {
    package let description: String

    package init(_ text: String) {
        description = text
    }

    package static func < (left: OperationID, right: OperationID) -> Bool {
        Text(left.description) < Text(right.description)
    }
}

/// One life of a shape's log. Never reused.
package struct ShapeHandle: Hashable, Sendable, CustomStringConvertible {
    package let description: String

    package init(_ text: String) {
        description = text
    }
}
