/// A piece of text that is equal to, and ordered against, another by its UTF-8 bytes.
///
/// Swift's `String ==` is canonical equivalence ("é" as one scalar equals "é" as two); SQL's is not, and
/// PostgreSQL, SQLite and the merge rules all compare bytes. Every value that came from, or goes to, a
/// database is therefore a `Text`, never a bare `String`.
package struct Text: Sendable {
    package let string: String

    package init(_ string: String) {
        self.string = string
    }

    package init<S: StringProtocol>(_ text: S) {
        string = String(text)
    }

    /// All bytes at once: one by one, through the view, they cost some times as much.
    private func withBytes<Result>(_ body: (UnsafeRawBufferPointer) -> Result) -> Result {
        if let result = string.utf8.withContiguousStorageIfAvailable({ body(UnsafeRawBufferPointer($0)) }) {
            return result
        }
        var contiguous = string
        return contiguous.withUTF8 { body(UnsafeRawBufferPointer($0)) }
    }
}

extension Text: Equatable {
    package static func == (left: Text, right: Text) -> Bool {
        guard left.string.utf8.count == right.string.utf8.count else { return false }
        return left.withBytes { left in right.withBytes { right in left.commonPrefix(with: right) == left.count } }
    }
}

extension Text: Hashable {
    package func hash(into hasher: inout Hasher) {
        withBytes { hasher.combine(bytes: $0) }
        hasher.combine(UInt8(0xff))
    }
}

extension Text: Comparable {
    package static func < (left: Text, right: Text) -> Bool {
        left.withBytes { left in
            right.withBytes { right in
                let place = left.commonPrefix(with: right)
                guard place < left.count, place < right.count else { return left.count < right.count }
                return left[place] < right[place]
            }
        }
    }
}

extension UnsafeRawBufferPointer {
    /// How many bytes both begin with.
    fileprivate func commonPrefix(with other: UnsafeRawBufferPointer) -> Int {
        let end = Swift.min(count, other.count)
        if baseAddress == other.baseAddress { return end }
        var place = 0
        while place + 8 <= end {
            let difference =
                loadUnaligned(fromByteOffset: place, as: UInt64.self).littleEndian
                ^ other.loadUnaligned(fromByteOffset: place, as: UInt64.self).littleEndian
            if difference != 0 { return place + difference.trailingZeroBitCount / 8 }
            place += 8
        }
        while place < end, self[place] == other[place] { place += 1 }
        return place
    }
}

extension Text: ExpressibleByStringLiteral, CustomStringConvertible {
    package init(stringLiteral value: String) {
        string = value
    }

    package var description: String { string }
}
