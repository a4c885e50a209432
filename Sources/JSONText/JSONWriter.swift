/// Writes compact JSON into bytes, piece by piece. Commas and escapes are its business; that begins and
/// ends match, and that members have keys, is the caller's.
package struct JSONWriter: Sendable {
    private var output: ByteOutput
    /// A value stands before: the next one needs a comma.
    private var needsComma = false

    package init(reserving capacity: Int = 0) {
        output = ByteOutput(capacity: capacity)
    }

    /// What is written so far. A copy: at the end, `finish` is cheaper.
    package var bytes: [UInt8] { output.bytes }

    /// How many bytes are written so far.
    package var count: Int { output.count }

    /// What was written. The writer starts anew.
    package mutating func finish() -> [UInt8] {
        needsComma = false
        return output.take()
    }

    package mutating func beginObject() { begin(UInt8(ascii: "{")) }
    package mutating func endObject() { end(UInt8(ascii: "}")) }
    package mutating func beginArray() { begin(UInt8(ascii: "[")) }
    package mutating func endArray() { end(UInt8(ascii: "]")) }

    private mutating func begin(_ bracket: UInt8) {
        separate()
        output.append(bracket)
        needsComma = false
    }

    private mutating func end(_ bracket: UInt8) {
        output.append(bracket)
        needsComma = true
    }

    private mutating func separate() {
        if needsComma { output.append(UInt8(ascii: ",")) }
        needsComma = true
    }

    package mutating func key(_ name: String) {
        separate()
        output.append(quoted: name)
        output.append(UInt8(ascii: ":"))
        needsComma = false
    }

    package mutating func string(_ value: String) {
        separate()
        output.append(quoted: value)
    }

    package mutating func int(_ value: Int64) {
        separate()
        output.append(value)
    }

    /// In the shortest form that reads back as the same double. JSON has no NaN and no infinity: null.
    package mutating func double(_ value: Double) {
        guard value.isFinite else { return null() }
        separate()
        output.append(value.description)
    }

    package mutating func bool(_ value: Bool) {
        separate()
        output.append(value ? "true" : "false")
    }

    package mutating func null() {
        separate()
        output.append("null")
    }

    /// One value that is JSON already.
    package mutating func raw(_ json: some Collection<UInt8>) {
        separate()
        output.append(contentsOf: json)
    }

    package mutating func value(_ json: JSON) {
        switch json {
        case .null: null()
        case .bool(let value): bool(value)
        case .int(let value): int(value)
        case .double(let value): double(value)
        case .string(let value): string(value)
        case .array(let elements):
            beginArray()
            for element in elements { value(element) }
            endArray()
        case .object(let object):
            beginObject()
            for member in object.members {
                key(member.key)
                value(member.value)
            }
            endObject()
        }
    }
}

extension JSON {
    /// Compact, in UTF-8.
    package func serialized() -> [UInt8] {
        var writer = JSONWriter(reserving: 256)
        writer.value(self)
        return writer.finish()
    }

    package var text: String { String(decoding: serialized(), as: UTF8.self) }
}
