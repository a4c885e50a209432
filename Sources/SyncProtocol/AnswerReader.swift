import SyncModel

/// Turns the lines of one stream answer into one batch.
///
/// An answer without its last line was cut off, and nothing of it may be applied but what `takeArrivals` gave: `batch`
/// is then nil.
package struct AnswerReader: Sendable {
    private enum Progress: Hashable, Sendable { case beforeHello, open(Epoch), done(Frontier) }

    private var progress = Progress.beforeHello
    private var shapes: [ShapeBatch] = []
    private var indexes: [Text: Int] = [:]

    package init() {}

    /// The whole answer, or nil while its last line has not come.
    package var batch: SyncBatch? {
        guard case .done(let frontier) = progress else { return nil }
        return SyncBatch(shapes: shapes, frontier: frontier)
    }

    /// Throws for a line that is no line of an answer, or stands where it must not.
    package mutating func receive(line: [UInt8]) throws(ServiceError) {
        try receive(SyncAnswerLine(line: line))
    }

    package mutating func receive(_ line: SyncAnswerLine) throws(ServiceError) {
        switch (progress, line) {
        case (.beforeHello, .hello(let epoch, _)):
            progress = .open(epoch)
        case (.open(let epoch), .frontier(let frontier)):
            guard frontier.epoch == epoch else {
                throw .badRequest("the answer began in epoch \(epoch) and ended in \(frontier.epoch)")
            }
            progress = .done(frontier)
        case (.open, .reset(let shape, let handle, _)):
            merge(ShapeBatch(shape: shape, handle: handle, offset: .beforeAll, isReset: true))
        case (.open, .messages(let line)):
            merge(
                ShapeBatch(
                    shape: line.shape, handle: line.handle, offset: line.offset, messages: line.messages,
                    hasMore: line.hasMore, failures: line.failures))
        case (.open, .ended(let shape, let reason)):
            merge(ShapeBatch(shape: shape, handle: ShapeHandle(""), offset: .beforeAll, ended: reason))
        case (.beforeHello, .reset), (.beforeHello, .messages), (.beforeHello, .ended),
            (.beforeHello, .frontier):
            throw .badRequest("the answer does not begin with a hello line")
        case (.open, .hello):
            throw .badRequest("the answer has two hello lines")
        case (.done, .hello), (.done, .reset), (.done, .messages), (.done, .ended), (.done, .frontier):
            throw .badRequest("the answer goes on after its frontier line")
        }
    }

    /// Messages of snapshots that have come so far, each once; the batch is then without them. They never change, so
    /// they may be stored while the rest of the answer is on its way, whatever becomes of it. None once all has come.
    package mutating func takeArrivals() -> [ShapeBatch] {
        guard case .open = progress else { return [] }
        var arrivals: [ShapeBatch] = []
        for index in shapes.indices
        where shapes[index].offset.isInSnapshot && !shapes[index].messages.isEmpty && shapes[index].ended == nil {
            arrivals.append(shapes[index])
            shapes[index].messages = []
            shapes[index].isReset = false
        }
        return arrivals
    }

    /// Several lines of one shape are one batch; a reset voids what came before it.
    private mutating func merge(_ next: ShapeBatch) {
        guard let index = indexes[Text(next.shape)], !next.isReset else {
            if let index = indexes[Text(next.shape)] {
                shapes[index] = next
            } else {
                indexes[Text(next.shape)] = shapes.count
                shapes.append(next)
            }
            return
        }
        if let reason = next.ended {
            shapes[index].ended = reason
            return
        }
        shapes[index].handle = next.handle
        shapes[index].offset = next.offset
        shapes[index].messages += next.messages
        shapes[index].hasMore = next.hasMore
        shapes[index].failures = next.failures ?? shapes[index].failures
    }
}

/// Cuts a stream of bytes into lines, within a bound.
package struct LineSplitter: Sendable {
    private var partial: [UInt8] = []
    private let limit: Int

    /// `limit`: bytes of the longest line that is taken.
    package init(limit: Int = ProtocolLimits.answerLineBytes) {
        self.limit = limit
    }

    /// A line was begun and not ended.
    package var hasPartialLine: Bool { !partial.isEmpty }

    /// Calls `body` for each line that the bytes complete, without its line feed; empty lines are left out.
    package mutating func receive(
        _ bytes: ArraySlice<UInt8>, _ body: ([UInt8]) throws(ServiceError) -> Void
    ) throws(ServiceError) {
        var start = bytes.startIndex
        while let end = Self.lineFeed(in: bytes[start...]) {
            try append(bytes[start..<end])
            if !partial.isEmpty { try body(partial) }
            partial.removeAll(keepingCapacity: true)
            start = bytes.index(after: end)
        }
        try append(bytes[start...])
    }

    /// Over plain memory: through the slice's own indexes every byte costs a call.
    private static func lineFeed(in bytes: ArraySlice<UInt8>) -> Int? {
        bytes.withUnsafeBufferPointer { $0.firstIndex(of: UInt8(ascii: "\n")) }.map { bytes.startIndex + $0 }
    }

    private mutating func append(_ bytes: ArraySlice<UInt8>) throws(ServiceError) {
        guard partial.count + bytes.count <= limit else {
            throw .tooLarge("a line of an answer, in bytes,", limit)
        }
        partial.append(contentsOf: bytes)
    }
}
