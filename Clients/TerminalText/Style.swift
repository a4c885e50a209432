/// Colours and weights, or none: a terminal decides, `NO_COLOR` and `CLICOLOR_FORCE` overrule it.
package struct Style: Hashable, Sendable {
    package enum Role: String, Hashable, Sendable {
        case good = "32"
        case busy = "36"
        case quiet = "2"
        case warning = "33"
        case bad = "31"
        case strong = "1"
    }

    package let isColoured: Bool

    package static let plain = Style(isColoured: false)

    package init(isColoured: Bool) {
        self.isColoured = isColoured
    }

    package init(isTerminal: Bool, environment: [String: String]) {
        if let force = environment["CLICOLOR_FORCE"], force != "0", !force.isEmpty {
            isColoured = true
        } else if let no = environment["NO_COLOR"], !no.isEmpty {
            isColoured = false
        } else {
            isColoured = isTerminal && environment["TERM"] != "dumb"
        }
    }

    package func callAsFunction(_ role: Role, _ text: String) -> String {
        isColoured ? "\u{1b}[\(role.rawValue)m\(text)\u{1b}[0m" : text
    }
}

package enum Printable {
    /// One line that a terminal shows as it is: control characters of values must not move its cursor.
    package static func line(_ text: String) -> String {
        var output = String.UnicodeScalarView()
        for scalar in text.unicodeScalars {
            switch scalar.value {
            case 0x0a: output.append("⏎")
            case 0x09: output.append(" ")
            case 0..<0x20, 0x7f..<0xa0, 0x200e, 0x200f, 0x202a...0x202e, 0x2066...0x2069: output.append("�")
            default: output.append(scalar)
            }
        }
        return String(output)
    }

    package static func fitted(_ text: String, width: Int) -> String {
        text.count <= width ? text : String(text.prefix(max(0, width - 1))) + "…"
    }

    /// As `fitted`, but what is left out is in the middle: the end may tell more than that.
    package static func cut(_ text: String, width: Int) -> String {
        guard text.count > width, width > 2 else { return fitted(text, width: width) }
        let tail = (width - 1) / 2
        return String(text.prefix(width - 1 - tail)) + "…" + String(text.suffix(tail))
    }

    package static func padded(_ text: String, width: Int) -> String {
        text + String(repeating: " ", count: max(0, width - text.count))
    }

    /// `1 row`, `2 rows`.
    package static func count(_ count: Int64, _ noun: String) -> String {
        "\(count) \(noun)\(count == 1 ? "" : "s")"
    }
}
