/// Decides how many operations go into the next submit, so that a queue of any size is used to the brim and
/// never overrun.
package struct SubmitPacer: Hashable, Sendable {
    package enum Action: Hashable, Sendable {
        /// Submit these.
        case submit(Range<Int>)
        /// Wait until some operations are confirmed, then ask again.
        case waitForRoom
        case done
    }

    private let total: Int
    private let maxChunk: Int
    private var start = 0
    private var chunk: Int
    private var isFull = false

    package init(total: Int, maxChunk: Int = 200) {
        self.total = total
        self.maxChunk = maxChunk
        chunk = maxChunk
    }

    package var submitted: Int { start }

    package func next() -> Action {
        if start >= total { return .done }
        return isFull ? .waitForRoom : .submit(start..<min(start + chunk, total))
    }

    package mutating func accepted(_ range: Range<Int>) {
        start = range.upperBound
        chunk = min(maxChunk, chunk * 2)
    }

    /// The daemon refused `range` for want of room: half as many may fit; not even one means full.
    package mutating func queueFull(_ range: Range<Int>) {
        if range.count > 1 {
            chunk = max(1, range.count / 2)
        } else {
            isFull = true
        }
    }

    /// Operations have left the queue.
    package mutating func roomMade() {
        isFull = false
    }
}
