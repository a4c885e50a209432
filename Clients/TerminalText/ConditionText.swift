/// A condition with its parameters written out, for people: `"team_id" = ($1::uuid)` with `7` is `team_id = 7`.
struct ConditionText {
    private let characters: [Character]
    private let params: [String]
    private var place = 0

    init(_ condition: String, params: [String]) {
        characters = Array(condition)
        self.params = params
    }

    var text: String {
        var walk = self
        return walk.walked()
    }

    private mutating func walked() -> String {
        var output = ""
        while place < characters.count {
            switch characters[place] {
            case "'": output += quoted("'")
            case "\"": output += name()
            case "(": output += cast() ?? character()
            case "$": output += parameter() ?? character()
            default: output += character()
            }
        }
        return output
    }

    private mutating func character() -> String {
        place += 1
        return String(characters[place - 1])
    }

    /// Up to the next such quote. A doubled one begins another such text, which comes to the same.
    private mutating func quoted(_ quote: Character) -> String {
        let end = characters[(place + 1)...].firstIndex(of: quote) ?? characters.count - 1
        defer { place = end + 1 }
        return String(characters[place...end])
    }

    /// The quotes of a name that needs none are left out.
    private mutating func name() -> String {
        let text = quoted("\"")
        let inner = text.dropFirst().dropLast()
        let isPlain = inner.unicodeScalars.allSatisfy { ("a"..."z").contains($0) || $0 == "_" }
        return isPlain && !inner.isEmpty && text.count > 2 ? String(inner) : text
    }

    /// `$1`, where there is such a parameter.
    private mutating func parameter() -> String? {
        let digits = characters[(place + 1)...].prefix { ("0"..."9").contains($0) }
        guard let number = Int(String(digits)), params.indices.contains(number - 1) else { return nil }
        place += 1 + digits.count
        return params[number - 1]
    }

    /// `($1::uuid)`, as a named shape has its parameters.
    private mutating func cast() -> String? {
        let start = place
        place += 1
        guard place < characters.count, characters[place] == "$", let value = parameter(),
            characters[place...].starts(with: "::"), let end = characters[place...].firstIndex(of: ")"),
            !characters[place..<end].contains("(")
        else {
            place = start
            return nil
        }
        place = end + 1
        return value
    }
}
