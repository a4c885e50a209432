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
