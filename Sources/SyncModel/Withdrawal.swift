/// Operations that a device gives up because the service refuses every request with them: named, not told, so that
/// nothing in them can be refused again.
///
/// Each of them gets a verdict like any other: the one that it has, where an earlier request was carried out and the
/// answer was lost, and otherwise `rejected` with `reason`.
package struct Withdrawal: Hashable, Sendable {
    package struct Entry: Hashable, Sendable {
        package let seq: Int64
        package let id: OperationID

        package init(seq: Int64, id: OperationID) {
            self.seq = seq
            self.id = id
        }
    }

    /// By seq, contiguous.
    package let operations: [Entry]
    package let reason: Reason

    package init(operations: [Entry], reason: Reason) {
        self.operations = operations
        self.reason = reason
    }
}
