import CSimdjson

extension JSON {
    package init(parsing bytes: [UInt8], limits: JSONLimits = .standard) throws(JSONError) {
        self = try bytes.withUnsafeBufferPointer { buffer throws(JSONError) in
            try JSON(parsing: buffer, limits: limits)
        }
    }

    package init(parsing text: String) throws(JSONError) {
        try self.init(parsing: Array(text.utf8))
    }

    /// Nothing of the buffer is kept.
    package init(parsing buffer: UnsafeBufferPointer<UInt8>, limits: JSONLimits = .standard) throws(JSONError) {
        self = try JSONTape(parsing: buffer, limits: limits).value()
    }
}

extension JSONError {
    init?(_ result: satchel_json_result, limits: JSONLimits) {
        switch result {
        case SATCHEL_JSON_OK: return nil
        case SATCHEL_JSON_EMPTY: self.init(code: .empty, message: "The document is empty.")
        case SATCHEL_JSON_UTF8: self.init(code: .invalidUTF8, message: "The document is not UTF-8.")
        case SATCHEL_JSON_STRING: self = .invalidString
        case SATCHEL_JSON_NUMBER:
            self.init(
                code: .invalidNumber, message: "A number is not written as JSON wants it, or is out of range."
            )
        case SATCHEL_JSON_DEPTH: self = .tooDeep(limits)
        case SATCHEL_JSON_MEMORY:
            self.init(code: .outOfMemory, message: "There is not enough memory for the document.")
        default: self.init(code: .syntax, message: "The document is no JSON.")
        }
    }

    fileprivate static let invalidString = JSONError(
        code: .invalidString,
        message:
            "A string is not closed, or holds a control character, a wrong escape or half a surrogate pair.")

    fileprivate static func tooDeep(_ limits: JSONLimits) -> JSONError {
        JSONError(code: .tooDeep, message: "The document is nested deeper than \(limits.maxDepth) levels.")
    }
}

/// Walks simdjson's tape (its layout is in CSimdjson.h) from its second word on.
struct TapeWalk {
    let words: UnsafePointer<UInt64>
    let strings: UnsafePointer<UInt8>
    let checksSurrogates: Bool
    let maxDepth: Int
    var index = 1

    static let payload: UInt64 = 0x00ff_ffff_ffff_ffff

    mutating func value(depth: Int) throws(JSONError) -> JSON {
        let word = words[index]
        switch UInt8(truncatingIfNeeded: word >> 56) {
        case UInt8(ascii: "\""): return .string(try string())
        case UInt8(ascii: "l"):
            index += 2
            return .int(Int64(bitPattern: words[index - 1]))
        case UInt8(ascii: "u"):
            index += 2
            return .double(Double(words[index - 1]))
        case UInt8(ascii: "d"):
            index += 2
            return .double(Double(bitPattern: words[index - 1]))
        case UInt8(ascii: "{"): return .object(try object(depth: depth + 1))
        case UInt8(ascii: "["): return .array(try array(depth: depth + 1))
        case UInt8(ascii: "t"):
            index += 1
            return .bool(true)
        case UInt8(ascii: "f"):
            index += 1
            return .bool(false)
        default:
            index += 1
            return .null
        }
    }

    /// The container's elements (for an object, members), and the index past its end.
    private func extent(depth: Int) throws(JSONError) -> (count: Int, end: Int) {
        guard depth <= maxDepth else { throw .tooDeep(JSONLimits(maxDepth: maxDepth)) }
        let word = words[index]
        return (Int(word >> 32 & 0xff_ffff), Int(UInt32(truncatingIfNeeded: word)))
    }

    private mutating func array(depth: Int) throws(JSONError) -> [JSON] {
        let (count, end) = try extent(depth: depth)
        index += 1
        var elements: [JSON] = []
        elements.reserveCapacity(count)
        while index < end - 1 { elements.append(try value(depth: depth)) }
        index = end
        return elements
    }

    private mutating func object(depth: Int) throws(JSONError) -> JSONObject {
        let (count, end) = try extent(depth: depth)
        index += 1
        var members: [(key: String, value: JSON)] = []
        members.reserveCapacity(count)
        while index < end - 1 {
            let key = try string()
            members.append((key: key, value: try value(depth: depth)))
        }
        index = end
        return JSONObject(untrusted: members)
    }

    private mutating func string() throws(JSONError) -> String {
        let start = strings + Int(words[index] & Self.payload)
        index += 1
        let count = Int(UnsafeRawPointer(start).loadUnaligned(as: UInt32.self))
        let bytes = UnsafeBufferPointer(start: start + 4, count: count)
        if checksSurrogates, Self.holdsSurrogate(bytes) { throw .invalidString }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// simdjson encodes a lone low surrogate as if it were a scalar: ED A0..BF in UTF-8.
    private static func holdsSurrogate(_ bytes: UnsafeBufferPointer<UInt8>) -> Bool {
        for index in bytes.indices.dropLast() where bytes[index] == 0xed && bytes[index + 1] >= 0xa0 {
            return true
        }
        return false
    }
}
