/// A pipeline's steps as a tree for people.
package struct PipelineText: Hashable, Sendable {
    package struct Step: Hashable, Sendable {
        package let depth: Int
        package let name: String
        package let type: String
        package let isEnabled: Bool
        /// Names of the steps whose responses it takes.
        package let sources: [String]

        package init(depth: Int, name: String, type: String, isEnabled: Bool, sources: [String]) {
            self.depth = depth
            self.name = name
            self.type = type
            self.isEnabled = isEnabled
            self.sources = sources
        }
    }

    package struct Comment: Hashable, Sendable {
        package let author: String
        package let step: String?
        package let content: String
        package let isResolved: Bool

        package init(author: String, step: String?, content: String, isResolved: Bool) {
            self.author = author
            self.step = step
            self.content = content
            self.isResolved = isResolved
        }
    }

    package var name: String
    package var id: String
    package var description: String?
    package var steps: [Step]
    package var comments: [Comment]

    package init(name: String, id: String, description: String?, steps: [Step], comments: [Comment]) {
        self.name = name
        self.id = id
        self.description = description
        self.steps = steps
        self.comments = comments
    }

    package func lines(style: Style) -> [String] {
        var lines = [style(.strong, Printable.line(name)) + "  " + style(.quiet, id)]
        if let description { lines.append("  " + Printable.line(description)) }
        lines.append("")
        for step in steps {
            var line = String(repeating: "  ", count: step.depth + 1) + Printable.line(step.name)
            line += style(.quiet, "  \(Printable.line(step.type))")
            if !step.isEnabled { line += style(.warning, "  disabled") }
            if !step.sources.isEmpty {
                line += "  ← " + step.sources.map(Printable.line).joined(separator: ", ")
            }
            lines.append(line)
        }
        if !comments.isEmpty { lines.append("") }
        for comment in comments {
            let place = comment.step.map { " on \(Printable.line($0))" } ?? ""
            let mark = comment.isResolved ? style(.good, "✓") : "·"
            lines.append(
                "  \(mark) \(Printable.line(comment.author))\(place): \(Printable.line(comment.content))")
        }
        return lines
    }
}
