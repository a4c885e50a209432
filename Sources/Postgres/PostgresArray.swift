/// The text form of a one-dimensional array (PostgreSQL manual, "Array Input and Output Syntax").
package enum PostgresArray {
    /// `["a", "b\"c", nil]` → `{"a","b\"c",NULL}`
    package static func literal(_ items: [String?]) -> String {
        var text: [UInt8] = [UInt8(ascii: "{")]
        for (index, item) in items.enumerated() {
            if index > 0 { text.append(UInt8(ascii: ",")) }
            guard let item else {
                text += Array("NULL".utf8)
                continue
            }
            text.append(UInt8(ascii: "\""))
            for byte in item.utf8 {
                if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") { text.append(UInt8(ascii: "\\")) }
                text.append(byte)
            }
            text.append(UInt8(ascii: "\""))
        }
        text.append(UInt8(ascii: "}"))
        return String(decoding: text, as: UTF8.self)
    }

    /// The items of an array without NULLs or nested arrays, as catalogue queries give them.
    static func items(_ text: String) -> [String] {
        var items: [String] = []
        var item = String.UnicodeScalarView()
        var (isQuoted, isEscaped, isStarted) = (false, false, false)
        for character in text.unicodeScalars.dropFirst().dropLast() {
            if isEscaped {
                item.append(character)
                isEscaped = false
            } else if character == "\\" {
                isEscaped = true
            } else if character == "\"" {
                isQuoted.toggle()
                isStarted = true
            } else if character == ",", !isQuoted {
                items.append(String(item))
                item = String.UnicodeScalarView()
            } else {
                item.append(character)
                isStarted = true
            }
        }
        return isStarted || !items.isEmpty ? items + [String(item)] : items
    }
}
