/// One whole answer of the sync stream: what each shape received, up to one common frontier.
package struct SyncBatch: Hashable, Sendable {
    package var shapes: [ShapeBatch]
    package var frontier: Frontier

    package init(shapes: [ShapeBatch], frontier: Frontier) {
        self.shapes = shapes
        self.frontier = frontier
    }
}

/// What one answer says of one shape.
package struct ShapeBatch: Hashable, Sendable {
    /// The name that the device gave the shape in its request.
    package let shape: String
    package var handle: ShapeHandle
    /// Where the next request goes on.
    package var offset: LogOffset
    /// A new life of the shape: the messages replace everything held of it.
    package var isReset: Bool
    package var messages: [ShapeMessage]
    /// The shape has not reached the frontier yet.
    package var hasMore: Bool
    /// The shape cannot be served any more, for this reason.
    package var ended: Reason?
    /// Rows that it leaves out because its condition fails; nil: as before.
    package var failures: ShapeFailures?

    package init(
        shape: String, handle: ShapeHandle, offset: LogOffset, isReset: Bool = false,
        messages: [ShapeMessage] = [], hasMore: Bool = false, ended: Reason? = nil, failures: ShapeFailures? = nil
    ) {
        self.shape = shape
        self.handle = handle
        self.offset = offset
        self.isReset = isReset
        self.messages = messages
        self.hasMore = hasMore
        self.ended = ended
        self.failures = failures
    }
}

/// The point up to which everything is known.
package struct Frontier: Hashable, Sendable {
    package let epoch: Epoch
    /// The tx part of an offset.
    package let position: UInt64
    /// Operations of the asking replica up to this seq have come back through the stream.
    package let confirmedSeq: Int64
    /// False: a shape still has more; ask again at once.
    package let isComplete: Bool
    /// The service's clock when it answered.
    package let serviceClock: HybridTimestamp
    /// Names the schema that the messages are of: the same text, the same schema.
    package let schemaTag: String?

    package init(
        epoch: Epoch, position: UInt64, confirmedSeq: Int64, isComplete: Bool, serviceClock: HybridTimestamp,
        schemaTag: String? = nil
    ) {
        self.schemaTag = schemaTag
        self.epoch = epoch
        self.position = position
        self.confirmedSeq = confirmedSeq
        self.isComplete = isComplete
        self.serviceClock = serviceClock
    }
}
