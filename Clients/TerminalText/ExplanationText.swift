import DaemonProtocol
import Shapes
import SyncModel

/// `satchel shape explain`: a tree, with what decides beside each part.
package struct ExplanationText {
    /// Lines and signs: of Unicode, or of ASCII where a terminal has no more.
    package struct Signs: Hashable, Sendable {
        let yes, no, open: String
        let branch, last, bar, gap: String
        let arrow: String

        package static let unicode = Signs(
            yes: "✓", no: "✗", open: "?", branch: "├─ ", last: "└─ ", bar: "│  ", gap: "   ", arrow: "→")
        package static let ascii = Signs(
            yes: "+", no: "x", open: "?", branch: "|- ", last: "`- ", bar: "|  ", gap: "   ", arrow: "->")

        private init(
            yes: String, no: String, open: String, branch: String, last: String, bar: String, gap: String,
            arrow: String
        ) {
            (self.yes, self.no, self.open) = (yes, no, open)
            (self.branch, self.last, self.bar, self.gap) = (branch, last, bar, gap)
            self.arrow = arrow
        }

        /// By the locale; where none is named, Unicode.
        package init(environment: [String: String]) {
            let locale = ["LC_ALL", "LC_CTYPE", "LANG"].compactMap { environment[$0] }.first { !$0.isEmpty } ?? ""
            let name = locale.lowercased()
            let isUnicode = name.isEmpty || name.contains("utf-8") || name.contains("utf8")
            self = isUnicode && environment["TERM"] != "dumb" ? .unicode : .ascii
        }
    }

    private struct Item {
        let text: String
        var children: [Item] = []
    }

    private let style: Style
    private let signs: Signs
    private let origin: ExplainShape.Result.Origin
    /// Of the terminal; nil where nothing is cut.
    private let width: Int?

    /// Columns of a terminal that one value takes at most.
    private static let valueWidth = 60

    private init(style: Style, signs: Signs, origin: ExplainShape.Result.Origin, width: Int?) {
        self.style = style
        self.signs = signs
        self.origin = origin
        self.width = width
    }

    package static func lines(
        _ result: ExplainShape.Result, table: TableName, key: KeyValues, width: Int? = nil, style: Style, signs: Signs
    ) -> [String] {
        ExplanationText(style: style, signs: signs, origin: result.origin, width: width)
            .lines(result, "\(RowsText.name(table)) \(RowsText.key(key))")
    }

    private func lines(_ result: ExplainShape.Result, _ row: String) -> [String] {
        let explanation = result.explanation
        let head = headline(result, Printable.line(row))
        let tree = explanation.nodes.flatMap { self.lines($0) }
        var lines = [head]
        if let reason = result.reason {
            lines.append(style(.warning, "The service was not asked, or did not answer: \(Printable.line(reason))"))
        }
        if result.origin == .device {
            let legend = ([head] + tree).contains(where: isOpen) ? " ? stands for what only the service decides." : ""
            lines.append(style(.quiet, "This is what the device can tell." + legend))
        }
        if let now = explanation.now { lines.append(fact("NOW()", now.string)) }
        if let permission = explanation.permission {
            lines.append(
                "\(sign(true)) permission: \(shown(permission.rule.string, width))\(values(permission.claims))")
        }
        return lines + tree + device(result.device, isMember: explanation.isMember)
    }

    /// The line begins, behind those of the tree, with the sign of what is not decided.
    private func isOpen(_ line: String) -> Bool {
        let tree = Set(signs.branch + signs.last + signs.bar + signs.gap)
        return line.drop { tree.contains($0) }.hasPrefix(sign(nil))
    }

    private func headline(_ result: ExplainShape.Result, _ row: String) -> String {
        let place = result.position.map { style(.quiet, "  (the service, at position \($0))") } ?? ""
        switch (result.origin, result.explanation.isFound, result.explanation.isMember) {
        case (_, true, true?): return "\(sign(true)) \(style(.strong, row)) is in the shape\(place)"
        case (_, true, false?): return "\(sign(false)) \(style(.strong, row)) is not in the shape\(place)"
        case (.service, false, _):
            return "\(sign(false)) \(style(.strong, row)): there is no such row, or you may not read it\(place)"
        case (.device, false, _): return "\(sign(nil)) \(style(.strong, row)): not on this device"
        case (_, true, nil): return "\(sign(nil)) \(style(.strong, row)): it cannot be told here"
        }
    }

    private func sign(_ verdict: Bool?) -> String {
        switch verdict {
        case true?: style(.good, signs.yes)
        case false?: style(.bad, signs.no)
        case nil: style(.warning, signs.open)
        }
    }

    private func values(_ values: [Explanation.NamedValue]) -> String {
        if values.isEmpty { return "" }
        return style(
            .quiet, "   " + values.map { "\(Printable.line($0.column)) = \(text($0.value))" }.joined(separator: ", "))
    }

    private func text(_ value: Text?) -> String {
        value.map { shown($0.string, width.map { min($0, Self.valueWidth) }) } ?? "NULL"
    }

    private func shown(_ text: String, _ width: Int?) -> String {
        guard let width else { return Printable.line(text) }
        return Printable.fitted(Printable.line(text, width: width), width: width)
    }

    private func fact(_ name: String, _ text: String) -> String { "\(name) = \(Printable.line(text))" }

    // MARK: - The tree

    private func lines(_ node: Explanation.Node) -> [String] {
        let name = node.path.isEmpty ? "the root" : Printable.line(node.path)
        var lines = ["", style(.strong, name) + ": " + matching(node.matching)]
        if let window = node.window {
            let each = window.per.map { " for each row of \($0.isEmpty ? "the root" : Printable.line($0))" } ?? ""
            lines.append("the first \(window.limit) by \(Printable.line(window.order))\(each)")
        }
        if let place = node.place { lines += render(item(place, name: nil)) }
        return lines
    }

    private func render(_ item: Item) -> [String] { [item.text] + render(item.children, "") }

    private func render(_ items: [Item], _ indent: String) -> [String] {
        items.enumerated().flatMap { place, item in
            let isLast = place == items.count - 1
            return [indent + (isLast ? signs.last : signs.branch) + item.text]
                + render(item.children, indent + (isLast ? signs.gap : signs.bar))
        }
    }

    private func item(_ place: Explanation.Place, name: String?) -> Item {
        let key = place.key.map { "\(Printable.line($0.column)) \(text($0.value))" }.joined(separator: ", ")
        var item = Item(text: "\(sign(place.isMember)) \(name.map { $0 + " " } ?? "")\(key)")
        if let condition = place.condition { item.children.append(self.item(condition)) }
        item.children += place.ranks.map(self.item)
        if place.moreRanks > 0 { item.children.append(more(place.moreRanks, "windows")) }
        if let parents = place.parents {
            let table = RowsText.name(parents.table)
            if parents.rows.isEmpty, parents.more == 0 {
                // There may be one that the device does not hold.
                let none =
                    origin == .service
                    ? "\(sign(false)) joins no row of \(table)"
                    : "\(sign(nil)) joins no row of \(table) that is held here"
                item.children.append(Item(text: none))
            }
            item.children += parents.rows.map { self.item($0, name: table) }
            if parents.more > 0 { item.children.append(more(parents.more, "rows of \(table)")) }
        }
        return item
    }

    private func more(_ count: Int, _ what: String) -> Item { Item(text: style(.quiet, "… and \(count) more \(what)")) }

    private func item(_ term: Explanation.Term) -> Item {
        let sql = shown(term.sql, width)
        switch term.kind {
        case .and, .or, .not:
            return Item(
                text: "\(sign(term.truth)) \(term.kind.rawValue.uppercased())\(note(term.truth))",
                children: term.parts.map(item))
        case .test:
            let lacking =
                term.lacking.isEmpty ? "" : "not held: \(term.lacking.map(Printable.line).joined(separator: ", "))"
            return Item(
                text: "\(sign(term.truth)) \(sql)\(note(term.truth))\(values(term.values))"
                    + (lacking.isEmpty ? "" : style(.quiet, "   \(lacking)")),
                children: term.subselects.map(item))
        }
    }

    private func item(_ members: Explanation.Members) -> Item {
        let count = members.count.map { Printable.count(Int64($0), "member") } ?? "members not known here"
        let among: String =
            switch members.truth {
            case .true: ", it is among them"
            case .false: ", it is not among them"
            case .unknown: ", a NULL leaves open whether it is among them"
            case .error, .undecidable: ""
            }
        return Item(text: style(.quiet, "rows of \(RowsText.name(members.table)): \(count)\(among)"))
    }

    private func item(_ rank: Explanation.Rank) -> Item {
        let place = rank.rank.map { "rank \($0)" } ?? "ranked further behind than is counted"
        let group = rank.group.isEmpty ? "" : " under \(rank.group.map { text($0.value) }.joined(separator: ", "))"
        return Item(text: "\(sign(rank.isInside)) \(place)\(group)\(values(rank.values))")
    }

    private func sign(_ truth: Truth) -> String {
        switch truth {
        case .true: sign(true)
        case .false, .unknown, .error: sign(false)
        case .undecidable: sign(nil)
        }
    }

    private func note(_ truth: Truth) -> String {
        switch truth {
        case .true, .false: ""
        case .unknown: style(.warning, "   is NULL")
        case .error(let message): style(.bad, "   fails: \(Printable.line(message))")
        case .undecidable: style(.warning, "   cannot be decided here")
        }
    }

    // MARK: - Around it

    private func matching(_ matching: Explanation.Matching) -> String {
        var ways = matching.ways.map(way)
        if ways.isEmpty { ways = [style(.warning, "scanned: asked about every change of the table")] }
        if matching.moreWays > 0 { ways.append("and in \(matching.moreWays) more ways") }
        if matching.isTimed { ways.append("and by the moment at which time moves a row") }
        return ways.joined(separator: "; ")
    }

    private func way(_ way: Explanation.Matching.Way) -> String {
        let path = way.steps.map { step in
            "\(step.columns.map(Printable.line).joined(separator: ", ")) \(signs.arrow) \(RowsText.name(step.table)) "
        }.joined()
        let columns = way.columns.map(Printable.line).joined(separator: ", ")
        switch way.filing {
        case .values(let values, let more):
            let list = values.map(text) + (more > 0 ? ["\(more) more"] : [])
            return "indexed by \(path)\(columns) = \(list.joined(separator: " or "))"
        case .members(let table):
            return "indexed by \(path)\(columns) among the members of a sub-select of \(RowsText.name(table))"
        }
    }

    private func device(_ held: ExplainShape.Held, isMember: Bool?) -> [String] {
        let others = isMember == false && !held.shapes.isEmpty ? " (by other shapes)" : ""
        let place =
            held.isHeld
            ? "in view, in "
                + (held.shapes.isEmpty ? "no shape" : held.shapes.map(Printable.line).joined(separator: ", ")) + others
            : "not in view"
        let operations = held.operations.map { operation in
            let columns =
                operation.columns.isEmpty ? "" : " of \(operation.columns.map(Printable.line).joined(separator: ", "))"
            return "  \(operation.state.rawValue): \(operation.action.rawValue)\(columns) (\(operation.id))"
        }
        let waiting =
            operations.isEmpty ? "" : ", \(Printable.count(Int64(operations.count), "operation")) on it not confirmed:"
        return ["", "\(style(.strong, "on this device")): \(place)\(waiting)"] + operations
    }
}
