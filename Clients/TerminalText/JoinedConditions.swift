import Shapes

/// Conditions that hold together, as one, and where a place in that one was typed.
package struct JoinedConditions: Hashable, Sendable {
    private let parts: [String]

    private static let open = "("

    package init(_ parts: [String]) { self.parts = parts }

    package var text: String {
        parts.count == 1 ? parts[0] : Self.open + parts.joined(separator: separator) + close
    }

    /// A comment ends with its line, and would take what follows along.
    private var close: String { parts.contains { $0.contains("--") } ? "\n)" : ")" }
    private var separator: String { "\(close) AND \(Self.open)" }

    /// Each is a condition by itself: joined ones could read as something else, or be refused for what nobody typed.
    package func check() throws(UsageError) {
        guard parts.count > 1 else { return }
        for (index, part) in parts.enumerated() {
            do throws(ShapeError) {
                try Language.checkSyntax(of: part)
            } catch {
                let place = error.offset.map { "At character \(Self.character(at: $0, in: part)): " } ?? ""
                throw UsageError("--where \(index + 1): \(place)\(error.problem)")
            }
        }
    }

    /// From 1, of a place in UTF-8.
    private static func character(at offset: Int, in text: String) -> Int {
        String(decoding: Array(text.utf8.prefix(offset)), as: UTF8.self).count + 1
    }

    /// The daemon's words, with a place in the whole told as one in the part that was typed.
    package func retold(_ message: String) -> String {
        let mark = "where: At character "
        guard parts.count > 1, message.hasPrefix(mark) else { return message }
        let rest = message.dropFirst(mark.count)
        guard let colon = rest.firstIndex(of: ":"), let character = Int(rest[..<colon]) else { return message }
        var start = Self.open.count
        for (index, part) in parts.enumerated() {
            let place = character - start
            // One beyond the last is the end of the part.
            if (1...part.count + 1).contains(place) {
                return "--where \(index + 1): At character \(place)\(rest[colon...])"
            }
            start += part.count + separator.count
        }
        return message
    }
}
