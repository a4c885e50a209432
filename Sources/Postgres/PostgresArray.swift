/// The text form of a one-dimensional array (PostgreSQL manual, "Array Input and Output Syntax").
enum PostgresArray {
    /// `["a", "b\"c"]` → `{"a","b\"c"}`
    static func literal(_ items: [String]) -> String {
        let quoted = items.map { item in
            var text = "\""
            for character in item.unicodeScalars {
                if character == "\"" || character == "\\" { text += "\\" }
                text.unicodeScalars.append(character)
            }
            return text + "\""
        }
        return "{\(quoted.joined(separator: ","))}"
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
