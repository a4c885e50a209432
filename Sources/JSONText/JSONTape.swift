import CSimdjson

/// A parsed document, of which no values are made before somebody asks for them. Valid inside `read` alone.
package struct JSONTape {
    let words: UnsafePointer<UInt64>
    let strings: UnsafePointer<UInt8>
    let checksSurrogates: Bool
    private let maxDepth: Int

    package static func read<Outcome>(
        _ bytes: [UInt8], limits: JSONLimits = .standard, _ body: (JSONTape) throws(JSONError) -> Outcome
    ) throws(JSONError) -> Outcome {
        try bytes.withUnsafeBufferPointer { buffer throws(JSONError) in
            try body(try JSONTape(parsing: buffer, limits: limits))
        }
    }

    /// Valid until the next call of the same thread.
    init(parsing buffer: UnsafeBufferPointer<UInt8>, limits: JSONLimits) throws(JSONError) {
        guard buffer.count <= limits.maxBytes else {
            throw JSONError(
                code: .tooLarge,
                message: "The document has \(buffer.count) bytes; at most \(limits.maxBytes) are read.")
        }
        var tape = satchel_json_tape()
        let result = satchel_json_parse(buffer.baseAddress, buffer.count, &tape)
        if let error = JSONError(result, limits: limits) { throw error }
        guard let words = tape.tape, let strings = tape.strings else {
            throw JSONError(code: .syntax, message: "The document is no JSON.")
        }
        self.words = words
        self.strings = strings
        checksSurrogates = tape.may_hold_surrogates
        maxDepth = limits.maxDepth
    }

    /// The whole document.
    package func value() throws(JSONError) -> JSON {
        var walk = TapeWalk(
            words: words, strings: strings, checksSurrogates: checksSurrogates, maxDepth: maxDepth)
        return try walk.value(depth: 0)
    }

    /// nil where a string may hold half a surrogate pair: those are for `value` to refuse.
    package var cursor: JSONCursor? { checksSurrogates ? nil : JSONCursor(tape: self) }
}

/// Reads a document of a known form from its start, without a value for what is only looked at. Every call steps over
/// what it has read, or says that there is something else: then the document is to be given up to `JSONTape.value`.
package struct JSONCursor {
    private let words: UnsafePointer<UInt64>
    private let strings: UnsafePointer<UInt8>
    private var index = 1

    fileprivate init(tape: JSONTape) {
        words = tape.words
        strings = tape.strings
    }

    private var type: UInt8 { UInt8(truncatingIfNeeded: words[index] >> 56) }

    /// Steps over one word of this type.
    private mutating func step(_ type: Unicode.Scalar) -> Bool {
        guard self.type == UInt8(ascii: type) else { return false }
        index += 1
        return true
    }

    package mutating func beginObject() -> Bool { step("{") }
    package mutating func endObject() -> Bool { step("}") }
    package mutating func beginArray() -> Bool { step("[") }
    package mutating func endArray() -> Bool { step("]") }
    package mutating func null() -> Bool { step("n") }

    package mutating func bool() -> Bool? {
        if step("t") { return true }
        return step("f") ? false : nil
    }

    package mutating func int() -> Int64? {
        guard step("l") else { return nil }
        defer { index += 1 }
        return Int64(bitPattern: words[index])
    }

    /// The UTF-8 of a string, in the document's own memory; of a member's name as well.
    package mutating func utf8() -> UnsafeBufferPointer<UInt8>? {
        guard type == UInt8(ascii: "\"") else { return nil }
        let start = strings + Int(words[index] & TapeWalk.payload)
        index += 1
        return UnsafeBufferPointer(start: start + 4, count: Int(UnsafeRawPointer(start).loadUnaligned(as: UInt32.self)))
    }

    package mutating func string() -> String? { utf8().map { String(decoding: $0, as: UTF8.self) } }

    /// Steps over this very string, or name of a member.
    package mutating func string(_ expected: String) -> Bool { utf8().map(expected.hasUTF8) ?? false }
}

extension String {
    /// Equality of UTF-8 bytes.
    package func hasUTF8(_ bytes: UnsafeBufferPointer<UInt8>) -> Bool {
        guard utf8.count == bytes.count else { return false }
        return utf8.withContiguousStorageIfAvailable { $0.elementsEqual(bytes) } ?? utf8.elementsEqual(bytes)
    }
}
