import DaemonProtocol
import JSONText

/// Views and named shapes for people.
package enum ViewText {
    /// One shape of a view that was entered.
    package struct Shape: Hashable, Sendable {
        package let name: String
        package let status: ShapeStatus
        package let rows: Int

        package init(name: String, status: ShapeStatus, rows: Int) {
            self.name = name
            self.status = status
            self.rows = rows
        }

        package var json: JSON {
            ["shape": .string(name), "status": .string(status.rawValue), "rows": .int(Int64(rows))]
        }
    }

    /// `pipeline_workspace: live, 12 rows`
    package static func line(_ shape: Shape) -> String {
        "\(Printable.line(shape.name)): \(shape.status.rawValue), \(Printable.count(Int64(shape.rows), "row"))"
    }

    /// What the service does not serve of a view, and why.
    package static func refusal(of shapes: [String], reasons: [String]) -> String {
        let names = shapes.map(Printable.line).joined(separator: ", ")
        var told: [String] = []
        for reason in reasons.map(Printable.line) where !told.contains(reason) { told.append(reason) }
        return "The service does not serve \(names): "
            + (told.isEmpty ? "see satchel status for the reason." : told.joined(separator: " "))
    }

    package static func lines(_ names: ListViews.Result, style: Style) -> [String] {
        if names.views.isEmpty && names.shapes.isEmpty { return ["The data model has no views and no shapes."] }
        var lines = names.views.isEmpty ? [] : [style(.quiet, "views")]
        for view in names.views {
            let isEntered = names.entered?.name == view.name
            let parameters = isEntered ? values(names.entered?.parameters ?? [:]) : types(view.parameters)
            lines.append("\(isEntered ? "*" : " ") \(text(view.name, parameters, view.about))")
        }
        if !names.shapes.isEmpty { lines.append(style(.quiet, "shapes")) }
        for shape in names.shapes { lines.append("  \(text(shape.name, types(shape.parameters), shape.about))") }
        return lines
    }

    private static func text(_ name: String, _ parameters: String, _ about: String?) -> String {
        Printable.line([name, parameters, about.map { "· \($0)" } ?? ""].filter { !$0.isEmpty }.joined(separator: " "))
    }

    private static func types(_ parameters: [ListViews.Parameter]) -> String {
        parameters.map { "\($0.name)=<\($0.type)>" }.joined(separator: " ")
    }

    private static func values(_ parameters: JSONObject) -> String {
        parameters.members.map { "\($0.key)=\($0.value.string ?? $0.value.text)" }.joined(separator: " ")
    }
}
