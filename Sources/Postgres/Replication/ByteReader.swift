import SyncModel

/// Reads big-endian integers and strings off received bytes. Every read is checked against the end: malformed
/// input throws `.protocolViolation`, it never crashes.
struct ByteReader {
    private let bytes: UnsafeRawBufferPointer
    private(set) var offset = 0

    init(_ bytes: UnsafeRawBufferPointer) {
        self.bytes = bytes
    }

    var remaining: Int { bytes.count - offset }

    mutating func uint8() throws(PostgresError) -> UInt8 { try integer() }
    mutating func uint16() throws(PostgresError) -> UInt16 { try integer() }
    mutating func uint32() throws(PostgresError) -> UInt32 { try integer() }
    mutating func uint64() throws(PostgresError) -> UInt64 { try integer() }
    mutating func lsn() throws(PostgresError) -> LSN { LSN(try integer()) }

    /// PostgreSQL counts microseconds from 2000-01-01; the result counts them from 1970-01-01.
    mutating func timestamp() throws(PostgresError) -> Int64 {
        Int64(bitPattern: try integer()) &+ postgresEpochMicroseconds
    }

    /// Text up to a NUL byte, which is passed over.
    mutating func string() throws(PostgresError) -> String {
        let rest = bytes[offset...]
        guard let end = rest.firstIndex(of: 0) else { throw Self.malformed("a string without an end") }
        defer { offset = end + 1 }
        return String(decoding: rest[..<end], as: UTF8.self)
    }

    /// The next `count` bytes; valid as long as what the reader was made of.
    mutating func raw(_ count: Int) throws(PostgresError) -> UnsafeRawBufferPointer {
        guard count >= 0, count <= remaining else {
            throw Self.malformed("a length of \(count), \(remaining) left")
        }
        defer { offset += count }
        return UnsafeRawBufferPointer(rebasing: bytes[offset..<offset + count])
    }

    /// All that is left.
    mutating func rest() -> UnsafeRawBufferPointer {
        defer { offset = bytes.count }
        return UnsafeRawBufferPointer(rebasing: bytes[offset...])
    }

    /// A length that precedes so many items of at least `size` bytes each.
    func checked(count: Int, of size: Int) throws(PostgresError) -> Int {
        guard count >= 0, count <= remaining / size else {
            throw Self.malformed("a count of \(count), \(remaining) bytes left")
        }
        return count
    }

    func expectEnd() throws(PostgresError) {
        guard remaining == 0 else { throw Self.malformed("\(remaining) bytes too many") }
    }

    static func malformed(_ what: String) -> PostgresError {
        PostgresError(
            .protocolViolation, "PostgreSQL's replication stream holds a malformed message: \(what)")
    }

    private mutating func integer<Number: FixedWidthInteger>() throws(PostgresError) -> Number {
        guard remaining >= MemoryLayout<Number>.size else { throw Self.malformed("an integer past the end") }
        defer { offset += MemoryLayout<Number>.size }
        return Number(bigEndian: bytes.loadUnaligned(fromByteOffset: offset, as: Number.self))
    }
}

/// 2000-01-01 00:00 UTC.
let postgresEpochMicroseconds: Int64 = 946_684_800_000_000
