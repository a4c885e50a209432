#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// Cuts a stream of bytes into messages.
///
/// The first byte that is no white space settles the framing: `C` or `c` is a header, everything else is a
/// line. Feeding costs one copy; a frame is a slice of the buffer and SHOULD be dropped before the next feed,
/// or the buffer is copied.
package struct FrameDecoder: Sendable {
    /// nil until the first byte has come.
    package private(set) var framing: Framing?
    private let limits: FramingLimits
    private var buffer: [UInt8] = []
    /// Start of what is not handed out yet.
    private var start = 0
    /// Up to here the search for a line's end has already come.
    private var searched = 0
    /// The message that the header promised.
    private var expected: Int?
    private var failure: FramingError?

    package init(limits: FramingLimits = FramingLimits()) {
        self.limits = limits
    }

    /// Bytes held that belong to no frame handed out so far.
    package var buffered: Int { buffer.count - start }

    package mutating func feed(_ bytes: UnsafeRawBufferPointer) {
        discardUsed()
        buffer.append(contentsOf: bytes)
    }

    package mutating func feed(_ bytes: [UInt8]) {
        bytes.withUnsafeBytes { feed($0) }
    }

    /// Moves the rest to the front, so that the buffer never grows beyond one message and one read.
    private mutating func discardUsed() {
        guard start > 0 else { return }
        if start == buffer.count, buffer.capacity > 256 << 10 {
            // One long message must not pin its size for the life of the connection.
            buffer = []
        } else {
            buffer.removeSubrange(..<start)
        }
        searched -= start
        start = 0
    }

    /// The next whole message, or nil when more bytes are needed. After an error it throws the same for ever.
    package mutating func next() throws(FramingError) -> ArraySlice<UInt8>? {
        if let failure { throw failure }
        do throws(FramingError) {
            switch settled() {
            case nil: return nil
            case .newline?: return try nextLine()
            case .contentLength?: return try nextBlock()
            }
        } catch {
            failure = error
            buffer = []
            start = 0
            throw error
        }
    }

    private mutating func settled() -> Framing? {
        if let framing { return framing }
        while start < buffer.count, Self.isSpace(buffer[start]) { start += 1 }
        guard start < buffer.count else { return nil }
        searched = start
        framing = buffer[start] | 0x20 == UInt8(ascii: "c") ? .contentLength : .newline
        return framing
    }

    private static func isSpace(_ byte: UInt8) -> Bool {
        byte == 0x20 || byte == 0x0a || byte == 0x0d || byte == 0x09
    }

    /// The place of the next line feed at or after `place`.
    private func lineFeed(from place: Int) -> Int? {
        buffer.withUnsafeBytes { bytes in
            guard let base = bytes.baseAddress, place < bytes.count,
                let found = memchr(base + place, 0x0a, bytes.count - place)
            else { return nil }
            return UnsafeRawPointer(found) - base
        }
    }

    /// Empty lines between messages mean nothing.
    private mutating func nextLine() throws(FramingError) -> ArraySlice<UInt8>? {
        while let end = lineFeed(from: searched) {
            let line = buffer[start..<end]
            start = end + 1
            searched = start
            guard line.count <= limits.message else { throw .messageTooLong(limit: limits.message) }
            if !line.allSatisfy(Self.isSpace) { return line }
        }
        searched = buffer.count
        guard buffered <= limits.message else { throw .messageTooLong(limit: limits.message) }
        return nil
    }

    private mutating func nextBlock() throws(FramingError) -> ArraySlice<UInt8>? {
        if expected == nil { expected = try header() }
        guard let length = expected, buffered >= length else { return nil }
        let body = buffer[start..<start + length]
        start += length
        searched = start
        expected = nil
        return body
    }

    /// Reads a whole header block and steps over it; nil when it is not all there.
    private mutating func header() throws(FramingError) -> Int? {
        var length: Int?
        var lineStart = start
        while let end = lineFeed(from: lineStart) {
            guard end - start < limits.header else { throw .headerTooLong(limit: limits.header) }
            var line = buffer[lineStart..<end]
            if line.last == 0x0d { line = line.dropLast() }
            lineStart = end + 1
            if line.isEmpty {
                guard let length else { throw .badHeader("The header has no Content-Length.") }
                start = lineStart
                return length
            }
            if let value = try contentLength(line) {
                guard length == nil || length == value else {
                    throw .badHeader("The header has two different Content-Lengths.")
                }
                length = value
            }
        }
        guard buffered < limits.header else { throw .headerTooLong(limit: limits.header) }
        return nil
    }

    /// The value of a Content-Length line; nil for other headers.
    private func contentLength(_ line: ArraySlice<UInt8>) throws(FramingError) -> Int? {
        guard let colon = line.firstIndex(of: UInt8(ascii: ":")) else {
            throw .badHeader("A header line has no colon; expected Content-Length: BYTES.")
        }
        guard isContentLength(line[..<colon]) else { return nil }
        var digits = line[(colon + 1)...]
        while let first = digits.first, Self.isSpace(first) { digits = digits.dropFirst() }
        while let last = digits.last, Self.isSpace(last) { digits = digits.dropLast() }
        guard !digits.isEmpty, digits.allSatisfy({ (0x30...0x39).contains($0) }) else {
            throw .badHeader("Content-Length is no number.")
        }
        guard let value = Int(String(decoding: digits, as: UTF8.self)), value <= limits.message else {
            throw .messageTooLong(limit: limits.message)
        }
        return value
    }

    /// In any case: setting the bit of lower case leaves a letter and the dash as they are.
    private func isContentLength(_ name: ArraySlice<UInt8>) -> Bool {
        name.count == Self.contentLengthName.count
            && zip(name, Self.contentLengthName).allSatisfy { $0 | 0x20 == $1 }
    }

    private static let contentLengthName = Array("content-length".utf8)
}
