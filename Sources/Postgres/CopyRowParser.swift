import SyncModel

/// Splits a line of COPY's text format into values (PostgreSQL manual, COPY, "Text Format").
///
/// Fields are separated by tabs; `\N` is NULL; within a field `\b \f \n \r \t \v \\` and octal or hexadecimal
/// codes stand for bytes.
package struct CopyRowParser {
    package let columnCount: Int
    private var scratch: [UInt8] = []

    package init(columnCount: Int) {
        self.columnCount = columnCount
    }

    /// The line's values. Throws `.protocolViolation` unless there are `columnCount` of them.
    package mutating func values(_ line: UnsafeRawBufferPointer) throws(PostgresError) -> [Value] {
        var values: [Value] = []
        values.reserveCapacity(columnCount)
        try forEachField(line) { field in
            values.append(field.map { .text(Text(String(decoding: $0, as: UTF8.self))) } ?? .null)
        }
        return values
    }

    /// Calls `body` with each field's bytes, unescaped, nil for NULL; valid during the call only.
    package mutating func forEachField(
        _ line: UnsafeRawBufferPointer, _ body: (UnsafeRawBufferPointer?) -> Void
    ) throws(PostgresError) {
        var count = 0
        var start = line.startIndex
        // A table without columns has lines without fields.
        var isDone = columnCount == 0 && line.isEmpty
        while !isDone {
            var end = start
            var hasEscape = false
            while end < line.endIndex, line[end] != UInt8(ascii: "\t") {
                if line[end] == UInt8(ascii: "\\") { hasEscape = true }
                end += 1
            }
            let field = UnsafeRawBufferPointer(rebasing: line[start..<end])
            if !hasEscape {
                body(field)
            } else if field.count == 2, field[1] == UInt8(ascii: "N") {
                body(nil)
            } else {
                unescape(field)
                scratch.withUnsafeBytes(body)
            }
            count += 1
            isDone = end == line.endIndex
            start = end + 1
        }
        guard count == columnCount else {
            throw PostgresError(
                .protocolViolation, "a COPY line has \(count) fields where \(columnCount) were expected")
        }
    }

    private mutating func unescape(_ field: UnsafeRawBufferPointer) {
        scratch.removeAll(keepingCapacity: true)
        var index = field.startIndex
        while index < field.endIndex {
            let byte = field[index]
            index += 1
            guard byte == UInt8(ascii: "\\"), index < field.endIndex else {
                scratch.append(byte)
                continue
            }
            scratch.append(Self.escape(field, &index))
        }
    }

    /// The byte that the escape after a backslash stands for; `index` moves past it.
    private static func escape(_ field: UnsafeRawBufferPointer, _ index: inout Int) -> UInt8 {
        let byte = field[index]
        index += 1
        switch byte {
        case UInt8(ascii: "b"): return 8
        case UInt8(ascii: "f"): return 12
        case UInt8(ascii: "n"): return 10
        case UInt8(ascii: "r"): return 13
        case UInt8(ascii: "t"): return 9
        case UInt8(ascii: "v"): return 11
        case UInt8(ascii: "0")...UInt8(ascii: "7"):
            return number(field, &index, first: byte - UInt8(ascii: "0"), radix: 8, digits: 2)
        case UInt8(ascii: "x"):
            guard index < field.endIndex, let digit = digit(field[index], radix: 16) else { return byte }
            index += 1
            return number(field, &index, first: digit, radix: 16, digits: 1)
        default: return byte
        }
    }

    private static func number(
        _ field: UnsafeRawBufferPointer, _ index: inout Int, first: UInt8, radix: UInt8, digits: Int
    ) -> UInt8 {
        var value = first
        for _ in 0..<digits {
            guard index < field.endIndex, let next = digit(field[index], radix: radix) else { break }
            value = value &* radix &+ next
            index += 1
        }
        return value
    }

    private static func digit(_ byte: UInt8, radix: UInt8) -> UInt8? {
        let digit: UInt8
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): digit = byte - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): digit = byte - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): digit = byte - UInt8(ascii: "A") + 10
        default: return nil
        }
        return digit < radix ? digit : nil
    }
}
