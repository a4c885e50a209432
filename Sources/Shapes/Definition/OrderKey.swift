import SyncModel

/// Bytes that compare, one by one, as the values do: places of rows can be kept, sorted and looked up in a store that
/// knows no types.
///
/// Each value ends by itself (a fixed length, or a mark that is less than whatever could go on), so that values can
/// stand behind each other. For a descending order all bytes of a value are inverted.
///
/// | type | bytes |
/// |---|---|
/// | bool | one |
/// | integers, date, time, timestamps, enum labels | 8, big-endian, the sign inverted |
/// | floats | 8: IEEE bits, inverted where negative, else the sign; NaN last, both zeros alike |
/// | numeric | kind (-∞, negative, 0, positive, ∞, NaN); weight, limbs + 1 in two bytes each, 0 0; inverted where negative |
/// | interval | 16: its span, as integers |
/// | text, bytea | the bytes, with 0 as 0 FF; then 0 0. bpchar without its padding |
/// | uuid | 16 |
/// | arrays | for each element 1 and the element, or FF for NULL; then 0, dimensions, lengths, lower bounds |
/// | jsonb | rank and value, as `JSONB` compares them |
struct OrderKey {
    private(set) var bytes: [UInt8] = []

    mutating func append(byte: UInt8) { bytes.append(byte) }

    mutating func append(_ value: Scalar, isDescending: Bool) {
        let start = bytes.count
        append(value)
        if isDescending { invert(from: start) }
    }

    private mutating func invert(from start: Int) {
        for index in start..<bytes.count { bytes[index] = ~bytes[index] }
    }

    private mutating func append(_ value: Scalar) {
        switch value {
        case .bool(let value): append(byte: value ? 1 : 0)
        case .integer(let value), .date(let value), .time(let value), .timestamp(let value): append(integer: value)
        case .label(let value): append(integer: Int64(value))
        case .float(let value): append(value)
        case .numeric(let value): append(value)
        case .text(let value): append(string: value.string.utf8)
        case .bytes(let value): append(string: value)
        case .uuid(let high, let low):
            append(word: high)
            append(word: low)
        case .interval(let value):
            let span = UInt128(bitPattern: value.span) ^ (1 << 127)
            append(word: UInt64(truncatingIfNeeded: span >> 64))
            append(word: UInt64(truncatingIfNeeded: span))
        case .jsonb(let value): append(document: value)
        case .array(let value): append(value)
        }
    }

    private mutating func append(word: UInt64) {
        for shift in stride(from: 56, through: 0, by: -8) { bytes.append(UInt8(truncatingIfNeeded: word >> shift)) }
    }

    private mutating func append(integer: Int64) { append(word: UInt64(bitPattern: integer) ^ (1 << 63)) }

    private mutating func append(_ value: FloatValue) {
        guard !value.double.isNaN else { return append(word: .max) }
        // + 0, because -0 is the same number.
        let bits = (value.double + 0).bitPattern
        append(word: bits >> 63 == 1 ? ~bits : bits | 1 << 63)
    }

    private mutating func append(_ value: Decimal) {
        switch value.kind {
        case .negativeInfinity: append(byte: 0)
        case .positiveInfinity: append(byte: 4)
        case .nan: append(byte: 5)
        case .finite:
            guard !value.limbs.isEmpty else { return append(byte: 2) }
            append(byte: value.isNegative ? 1 : 3)
            let start = bytes.count
            append(integer: Int64(value.weight))
            for limb in value.limbs + [-1] {
                bytes.append(UInt8(truncatingIfNeeded: (limb + 1) >> 8))
                bytes.append(UInt8(truncatingIfNeeded: limb + 1))
            }
            if value.isNegative { invert(from: start) }
        }
    }

    private mutating func append(string: some Sequence<UInt8>) {
        for byte in string {
            bytes.append(byte)
            if byte == 0 { bytes.append(0xff) }
        }
        bytes += [0, 0]
    }

    private mutating func append(_ value: ArrayValue) {
        for element in value.elements {
            guard let element else {
                append(byte: 0xff)
                continue
            }
            append(byte: 1)
            append(element)
        }
        append(byte: 0)
        append(integer: Int64(value.lengths.count))
        for length in value.lengths + value.lowerBounds { append(integer: Int64(length)) }
    }

    /// A scalar counts as an array of one and is less than one such, and yet greater than an empty array.
    private mutating func append(document: JSONB) {
        switch document {
        case .array(let items): append(byte: items.isEmpty ? 0 : 2)
        case .object: append(byte: 3)
        case .null, .string, .number, .bool: append(byte: 1)
        }
        append(document)
    }

    private mutating func append(_ value: JSONB) {
        append(byte: UInt8(value.rank))
        switch value {
        case .null: break
        case .string(let text): append(string: text.string.utf8)
        case .number(let number): append(number)
        case .bool(let value): append(byte: value ? 1 : 0)
        case .array(let items):
            append(integer: Int64(items.count))
            for item in items { append(item) }
        case .object(let members):
            append(integer: Int64(members.count))
            for member in members {
                append(string: member.key.string.utf8)
                append(member.value)
            }
        }
    }
}
