package struct OutboxLimits: Hashable, Sendable {
    package let bytes: Int
    package let messages: Int

    package init(bytes: Int = 8 << 20, messages: Int = 4096) {
        self.bytes = bytes
        self.messages = messages
    }
}

/// What is written but not taken by the client yet, in batches.
///
/// Answers are always taken in (requests are not read while the outbox is full, so there are never many);
/// notifications are refused while it is full. It counts as drained again at half of its limits.
struct Outbox {
    private struct Chunk {
        var bytes: [UInt8] = []
        var messages = 0
        /// How much of it was handed to the channel.
        var written = 0
    }

    /// Small messages share a write of about this size.
    private static let chunk = 64 << 10
    /// One write is at most so long, so that progress shows.
    private static let batch = 256 << 10

    private let limits: OutboxLimits
    private var chunks: [Chunk] = []
    private var bytes = 0
    private var messages = 0
    private var batchInFlight = 0
    /// Was full, and has not drained since.
    private(set) var isFull = false

    init(limits: OutboxLimits) {
        self.limits = limits
    }

    var isEmpty: Bool { bytes == 0 }

    /// `append` writes one message with its frame.
    mutating func append(_ append: (inout [UInt8]) -> Void) {
        if chunks.isEmpty || chunks[chunks.count - 1].bytes.count >= Self.chunk || isLastInFlight {
            chunks.append(Chunk())
        }
        let last = chunks.count - 1
        let before = chunks[last].bytes.count
        append(&chunks[last].bytes)
        chunks[last].messages += 1
        bytes += chunks[last].bytes.count - before
        messages += 1
        if bytes >= limits.bytes || messages >= limits.messages { isFull = true }
    }

    private var isLastInFlight: Bool { chunks.count == 1 && (batchInFlight > 0 || chunks[0].written > 0) }

    /// What to write next. One batch at a time: nil until `batchWritten`.
    mutating func nextBatch() -> ArraySlice<UInt8>? {
        guard batchInFlight == 0, let first = chunks.first else { return nil }
        let end = min(first.bytes.count, first.written + Self.batch)
        batchInFlight = end - first.written
        return first.bytes[first.written..<end]
    }

    /// True when the outbox was full and has room again.
    mutating func batchWritten() -> Bool {
        chunks[0].written += batchInFlight
        bytes -= batchInFlight
        batchInFlight = 0
        if chunks[0].written == chunks[0].bytes.count {
            messages -= chunks[0].messages
            chunks.removeFirst()
        }
        guard isFull, bytes <= limits.bytes / 2, messages <= limits.messages / 2 else { return false }
        isFull = false
        return true
    }
}
