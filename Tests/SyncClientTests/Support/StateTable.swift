import Foundation

/// One table of `Protocol/sync-stream.md`: events down, states across. A cell is `·` (nothing happens), or
/// the next state, a colon and the actions; a state alone is a step without actions.
struct StateTable {
    struct Cell: Hashable, CustomStringConvertible {
        let state: String
        let actions: [String]

        var description: String { actions.isEmpty ? state : "\(state): \(actions.joined(separator: " "))" }
    }

    let states: [String]
    let events: [String]
    private let cells: [[String]]

    struct Missing: Error { let heading: String }

    /// The table under the heading.
    init(under heading: String) throws {
        let file = URL(filePath: #filePath).deletingLastPathComponent()
            .appending(path: "../../../Protocol/sync-stream.md")
        let lines = try String(contentsOf: file, encoding: .utf8).components(separatedBy: "\n")
        guard let start = lines.firstIndex(of: heading) else { throw Missing(heading: heading) }
        let rows = lines[start...].drop { !$0.hasPrefix("| event") }.prefix { $0.hasPrefix("|") }.map {
            line in
            line.split(separator: "|", omittingEmptySubsequences: false).dropFirst().dropLast()
                .map { $0.trimmingCharacters(in: .whitespaces).replacing("`", with: "") }
        }
        guard rows.count > 2 else { throw Missing(heading: heading) }
        states = Array(rows[0].dropFirst())
        events = rows.dropFirst(2).map { $0[0] }
        cells = rows.dropFirst(2).map { Array($0.dropFirst()) }
    }

    subscript(event: String, state: String) -> Cell? {
        guard let row = events.firstIndex(of: event), let column = states.firstIndex(of: state),
            cells[row].indices.contains(column)
        else { return nil }
        let text = cells[row][column]
        if text == "·" { return Cell(state: state, actions: []) }
        let parts = text.split(separator: ":", maxSplits: 1).map { $0.trimmingCharacters(in: .whitespaces) }
        return Cell(
            state: parts[0],
            actions: parts.count == 1 ? [] : parts[1].split(separator: " ").map { String($0) })
    }
}
