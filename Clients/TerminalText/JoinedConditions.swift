/// Conditions that hold together, as one, and where a place in that one was typed.
package struct JoinedConditions: Hashable, Sendable {
    private let parts: [String]

    private static let and = ") AND ("

    package init(_ parts: [String]) { self.parts = parts }

    package var text: String {
        parts.count == 1 ? parts[0] : "(" + parts.joined(separator: Self.and) + ")"
    }

    /// The daemon's words, with a place in the whole told as one in the part that was typed.
    package func retold(_ message: String) -> String {
        let mark = "where: At character "
        guard parts.count > 1, message.hasPrefix(mark) else { return message }
        let rest = message.dropFirst(mark.count)
        guard let colon = rest.firstIndex(of: ":"), let character = Int(rest[..<colon]) else { return message }
        var start = 1
        for (index, part) in parts.enumerated() {
            let place = character - start
            // One beyond the last is the end of the part.
            if (1...part.count + 1).contains(place) {
                return "--where \(index + 1): At character \(place)\(rest[colon...])"
            }
            start += part.count + Self.and.count
        }
        return message
    }
}
