import SyncModel

/// An array of PostgreSQL: elements in row-major order, with the length and first index of each dimension.
struct ArrayValue: Hashable, Sendable {
    var elements: [Scalar?]
    /// Empty for an empty array.
    var lengths: [Int]
    var lowerBounds: [Int]

    static let maxDimensions = 6

    init(_ elements: [Scalar?]) {
        self.elements = elements
        lengths = elements.isEmpty ? [] : [elements.count]
        lowerBounds = elements.isEmpty ? [] : [1]
    }

    init(elements: [Scalar?], lengths: [Int], lowerBounds: [Int]) {
        self.elements = elements
        self.lengths = lengths
        self.lowerBounds = lowerBounds
    }

    /// PostgreSQL's `array_cmp`: elements, then their number, then the dimensions.
    func isLess(than other: ArrayValue) -> Bool {
        for (left, right) in zip(elements, other.elements) where left != right {
            // NULL is equal to NULL and greater than everything.
            guard let left else { return false }
            guard let right else { return true }
            return left.isLess(than: right)
        }
        if elements.count != other.elements.count { return elements.count < other.elements.count }
        if lengths.count != other.lengths.count { return lengths.count < other.lengths.count }
        for (left, right) in zip(lengths, other.lengths) where left != right { return left < right }
        for (left, right) in zip(lowerBounds, other.lowerBounds) where left != right { return left < right }
        return false
    }

    /// nil outside the array, or for another number of indexes than dimensions.
    subscript(indexes: [Int]) -> Scalar? {
        guard indexes.count == lengths.count, !indexes.isEmpty else { return nil }
        var place = 0
        for (dimension, index) in indexes.enumerated() {
            let offset = index - lowerBounds[dimension]
            guard offset >= 0, offset < lengths[dimension] else { return nil }
            place = place * lengths[dimension] + offset
        }
        return elements[place]
    }

    /// The part within bounds (nil: the array's own), counted from 1 again; empty where nothing is.
    func slice(_ bounds: [(lower: Int?, upper: Int?)]) -> ArrayValue {
        guard bounds.count <= lengths.count, !lengths.isEmpty else { return ArrayValue([]) }
        var ranges: [Range<Int>] = []
        for dimension in lengths.indices {
            let first = lowerBounds[dimension]
            let last = first + lengths[dimension] - 1
            // Dimensions that are not named are taken whole.
            let bound = dimension < bounds.count ? bounds[dimension] : (lower: nil, upper: nil)
            let lower = max(bound.lower ?? first, first)
            let upper = min(bound.upper ?? last, last)
            guard lower <= upper else { return ArrayValue([]) }
            ranges.append(lower - first..<upper - first + 1)
        }
        var places = [0]
        for (dimension, range) in ranges.enumerated() {
            places = places.flatMap { place in range.map { place * lengths[dimension] + $0 } }
        }
        return ArrayValue(
            elements: places.map { elements[$0] }, lengths: ranges.map(\.count),
            lowerBounds: ranges.map { _ in 1 })
    }
}

/// PostgreSQL's text form of arrays: `{1,NULL,"a b"}`, `[0:1]={1,2}`, `{{1,2},{3,4}}`.
enum ArraySyntax {
    static func parse(_ text: Text, element: SQLType) -> ArrayValue? {
        var reader = ArrayReader(Array(text.string.utf8), element: element)
        return reader.read()
    }

    static func text(_ array: ArrayValue, element: SQLType) -> String {
        guard !array.lengths.isEmpty else { return "{}" }
        var text = ""
        if array.lowerBounds.contains(where: { $0 != 1 }) {
            for (lower, length) in zip(array.lowerBounds, array.lengths) { text += "[\(lower):\(lower + length - 1)]" }
            text += "="
        }
        var place = 0
        write(array, dimension: 0, &place, element, &text)
        return text
    }

    private static func write(
        _ array: ArrayValue, dimension: Int, _ place: inout Int, _ element: SQLType, _ text: inout String
    ) {
        text += "{"
        for index in 0..<array.lengths[dimension] {
            if index > 0 { text += "," }
            if dimension + 1 < array.lengths.count {
                write(array, dimension: dimension + 1, &place, element, &text)
            } else {
                text += array.elements[place].map { quoted($0.text(as: element).string) } ?? "NULL"
                place += 1
            }
        }
        text += "}"
    }

    private static func quoted(_ item: String) -> String {
        let bytes = Array(item.utf8)
        let needsQuotes =
            bytes.isEmpty || bytes.contains { "{},\"\\".utf8.contains($0) || NumberSyntax.isSpace($0) }
            || (bytes.count == 4 && bytes.map { $0 | 32 } == Array("null".utf8))
        guard needsQuotes else { return item }
        var result: [UInt8] = [UInt8(ascii: "\"")]
        for byte in bytes {
            if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") { result.append(UInt8(ascii: "\\")) }
            result.append(byte)
        }
        result.append(UInt8(ascii: "\""))
        return String(decoding: result, as: UTF8.self)
    }
}

private struct ArrayReader {
    private let bytes: [UInt8]
    private let element: SQLType
    private var position = 0
    private var elements: [Scalar?] = []
    private var lengths: [Int] = []

    init(_ bytes: [UInt8], element: SQLType) {
        self.bytes = bytes
        self.element = element
    }

    private var current: UInt8? { position < bytes.count ? bytes[position] : nil }

    private mutating func skipSpace() {
        while let byte = current, NumberSyntax.isSpace(byte) { position += 1 }
    }

    private mutating func take(_ byte: Unicode.Scalar) -> Bool {
        guard current == UInt8(ascii: byte) else { return false }
        position += 1
        return true
    }

    mutating func read() -> ArrayValue? {
        skipSpace()
        var bounds: [(lower: Int, upper: Int)] = []
        while take("[") {
            guard let first = integer() else { return nil }
            var bound = (lower: 1, upper: first)
            if take(":") {
                guard let upper = integer() else { return nil }
                bound = (first, upper)
            }
            guard take("]"), bound.lower <= bound.upper, bounds.count < ArrayValue.maxDimensions else { return nil }
            bounds.append(bound)
            skipSpace()
        }
        if !bounds.isEmpty {
            guard take("=") else { return nil }
            skipSpace()
        }
        guard current == UInt8(ascii: "{"), readLevel(0) else { return nil }
        skipSpace()
        guard position == bytes.count else { return nil }
        if elements.isEmpty { return bounds.isEmpty ? ArrayValue([]) : nil }
        guard bounds.isEmpty || bounds.map({ $0.upper - $0.lower + 1 }) == lengths else { return nil }
        return ArrayValue(
            elements: elements, lengths: lengths,
            lowerBounds: bounds.isEmpty ? lengths.map { _ in 1 } : bounds.map(\.lower))
    }

    private mutating func integer() -> Int? {
        let start = position
        if current == UInt8(ascii: "-") || current == UInt8(ascii: "+") { position += 1 }
        while let byte = current, NumberSyntax.isDigit(byte) { position += 1 }
        guard let value = NumberSyntax.integer(String(decoding: bytes[start..<position], as: UTF8.self)),
            let small = Int32(exactly: value)
        else { return nil }
        return Int(small)
    }

    /// One pair of braces. Every one of a level is as long as the first.
    private mutating func readLevel(_ depth: Int) -> Bool {
        guard depth < ArrayValue.maxDimensions, take("{") else { return false }
        skipSpace()
        var count = 0
        if take("}") {
            // Only the whole array can be empty.
            return depth == 0
        }
        let isInner = current == UInt8(ascii: "{")
        while true {
            skipSpace()
            guard (current == UInt8(ascii: "{")) == isInner else { return false }
            guard isInner ? readLevel(depth + 1) : readItem(depth) else { return false }
            count += 1
            skipSpace()
            if take("}") { break }
            guard take(",") else { return false }
        }
        return note(count, at: depth)
    }

    private mutating func note(_ count: Int, at depth: Int) -> Bool {
        // Inner levels end first: their place is kept open.
        while lengths.count <= depth { lengths.append(0) }
        if lengths[depth] == 0 { lengths[depth] = count }
        return lengths[depth] == count
    }

    private mutating func readItem(_ depth: Int) -> Bool {
        // A level that has items has no levels inside.
        guard lengths.count <= depth + 1 else { return false }
        var item: [UInt8] = []
        var isQuoted = false
        var kept = 0
        if take("\"") {
            isQuoted = true
            while !take("\"") {
                if current == UInt8(ascii: "\\") { position += 1 }
                guard let byte = current else { return false }
                item.append(byte)
                position += 1
            }
            skipSpace()
            kept = item.count
        } else {
            while let byte = current, byte != UInt8(ascii: ","), byte != UInt8(ascii: "}") {
                guard byte != UInt8(ascii: "\""), byte != UInt8(ascii: "{") else { return false }
                var isEscaped = false
                if byte == UInt8(ascii: "\\") {
                    position += 1
                    isEscaped = true
                    isQuoted = true
                }
                guard let byte = current else { return false }
                item.append(byte)
                position += 1
                if isEscaped || !NumberSyntax.isSpace(byte) { kept = item.count }
            }
            guard kept > 0 else { return false }
        }
        let text = String(decoding: item[..<kept], as: UTF8.self)
        if !isQuoted, text.utf8.count == 4, text.lowercased() == "null" {
            elements.append(nil)
            return true
        }
        guard let scalar = Scalar(parsing: Text(text), as: element) else { return false }
        elements.append(scalar)
        return true
    }
}
