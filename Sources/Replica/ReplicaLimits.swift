/// What a replica may hold. Every refusal names the limit and its figure.
package struct ReplicaLimits: Hashable, Sendable {
    /// Operations that are not confirmed yet, parked ones included.
    package var maxQueue: Int
    /// UTF-8 bytes of one value.
    package var maxValueBytes: Int
    /// UTF-8 bytes of all values of one operation.
    package var maxOperationBytes: Int
    /// Operations of one submission.
    package var maxSubmission: Int
    /// Row changes that one event may carry; a shape with more is told as reset, and its rows are read in pages.
    package var maxChanges: Int
    package var maxShapes: Int
    /// Shapes of views that were left, and that nobody looks at: the least recent ones beyond go.
    package var maxLeftShapes: Int
    /// Microseconds for which a confirmed operation stays listed, and is offered again if a new epoch lacks it.
    package var confirmedRetention: Int64

    package init(
        maxQueue: Int = 10_000, maxValueBytes: Int = 8 << 20, maxOperationBytes: Int = 8 << 20,
        maxSubmission: Int = 10_000, maxChanges: Int = 10_000, maxShapes: Int = 1_000, maxLeftShapes: Int = 64,
        confirmedRetention: Int64 = 24 * 3_600 * 1_000_000
    ) {
        self.maxQueue = maxQueue
        self.maxValueBytes = maxValueBytes
        self.maxOperationBytes = maxOperationBytes
        self.maxSubmission = maxSubmission
        self.maxChanges = maxChanges
        self.maxShapes = maxShapes
        self.maxLeftShapes = maxLeftShapes
        self.confirmedRetention = confirmedRetention
    }
}
