/// Lets the options that every command has stand before it: `satchel --socket PATH status`.
package enum ArgumentOrder {
    /// Moves leading `--socket` and `--json` behind the command.
    package static func normalised(_ arguments: [String]) -> [String] {
        var rest = arguments[...]
        var moved: [String] = []
        while let first = rest.first {
            if first == "--json" || first.hasPrefix("--socket=") {
                moved.append(rest.removeFirst())
            } else if first == "--socket", rest.count > 1 {
                moved += rest.prefix(2)
                rest = rest.dropFirst(2)
            } else {
                break
            }
        }
        guard !rest.isEmpty else { return arguments }
        let end = rest.firstIndex(of: "--") ?? rest.endIndex
        return rest[..<end] + moved + rest[end...]
    }
}
