/// A log sequence number: a byte position in PostgreSQL's write-ahead log.
///
/// Text form `XXX/XXX` (two hexadecimal halves) as PostgreSQL prints it; Electric's wire and our offsets
/// use the decimal form.
package struct LSN: Hashable, Comparable, Sendable {
    package let rawValue: UInt64

    package init(_ rawValue: UInt64) {
        self.rawValue = rawValue
    }

    /// Parses `16/B374D848`.
    package init?(_ text: String) {
        let halves = text.split(separator: "/", omittingEmptySubsequences: false)
        guard halves.count == 2, let high = UInt32(halves[0], radix: 16), let low = UInt32(halves[1], radix: 16)
        else { return nil }
        rawValue = UInt64(high) << 32 | UInt64(low)
    }

    package static let zero = LSN(0)

    package static func < (left: LSN, right: LSN) -> Bool { left.rawValue < right.rawValue }
}

extension LSN: CustomStringConvertible {
    package var description: String {
        String(rawValue >> 32, radix: 16, uppercase: true) + "/"
            + String(rawValue & 0xffff_ffff, radix: 16, uppercase: true)
    }
}
