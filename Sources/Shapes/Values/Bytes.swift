/// PostgreSQL's input and output syntax of `bytea`.
enum BytesSyntax {
    /// `\x0aff`, or the older escape form: `\012`, `\\`.
    static func parse(_ text: String) -> [UInt8]? {
        let bytes = Array(text.utf8)
        if bytes.starts(with: [UInt8(ascii: "\\"), UInt8(ascii: "x")]) { return hexadecimal(bytes.dropFirst(2)) }
        var result: [UInt8] = []
        var index = 0
        while index < bytes.count {
            guard bytes[index] == UInt8(ascii: "\\") else {
                result.append(bytes[index])
                index += 1
                continue
            }
            if index + 1 < bytes.count, bytes[index + 1] == bytes[index] {
                result.append(bytes[index])
                index += 2
                continue
            }
            let octal = bytes.dropFirst(index + 1).prefix(3)
            guard octal.count == 3, octal.allSatisfy({ (48...55).contains($0) }), octal.first ?? 56 <= 51 else {
                return nil
            }
            result.append(octal.reduce(0) { $0 << 3 | ($1 - 48) })
            index += 4
        }
        return result
    }

    private static func hexadecimal(_ digits: ArraySlice<UInt8>) -> [UInt8]? {
        var result: [UInt8] = []
        var half: UInt8?
        for byte in digits {
            // Between bytes there may be space.
            if half == nil, NumberSyntax.isSpace(byte) { continue }
            guard let digit = UUIDSyntax.hexadecimal(byte) else { return nil }
            if let high = half {
                result.append(high << 4 | UInt8(digit))
                half = nil
            } else {
                half = UInt8(digit)
            }
        }
        return half == nil ? result : nil
    }

    static func text(_ bytes: [UInt8]) -> String {
        let digits = Array("0123456789abcdef".utf8)
        var text: [UInt8] = Array("\\x".utf8)
        for byte in bytes {
            text.append(digits[Int(byte >> 4)])
            text.append(digits[Int(byte & 15)])
        }
        return String(decoding: text, as: UTF8.self)
    }
}
