import JSONText
import Shapes
import SyncModel

/// A shape that the data model gives a name.
///
/// ```yaml
/// shapes:
///   pipeline_list:
///     description: A team's pipelines.
///     parameters: {team_id: uuid}
///     root_table: pipelines
///     where: {team_id: $team_id}
///     select: [id, name]
/// ```
///
/// Besides `description` and `parameters` it has the members of a definition (`Protocol/shapes.md`); in its conditions
/// `$team_id` stands for the value.
package struct NamedShape: Hashable, Sendable {
    package let name: String
    /// For people; nil where the file says nothing.
    package let about: String?
    package let template: ShapeTemplate
    /// Where the file has the members, by their paths: `include.steps.where`.
    let lines: MemberLines

    package var parameters: [ShapeParameter] { template.parameters }
}

/// The shapes that a screen needs.
///
/// ```yaml
/// views:
///   pipeline_editor:
///     parameters: {pipeline_id: uuid}
///     shapes:
///       - pipeline_workspace: {pipeline_id: $pipeline_id}
///       - dashboard
/// ```
package struct NamedView: Hashable, Sendable {
    /// One shape of a view.
    package struct Part: Hashable, Sendable {
        package let shape: String
        /// One for each parameter of the shape, in their order.
        let arguments: [Argument]
        let line: Int
    }

    struct Argument: Hashable, Sendable {
        enum Value: Hashable, Sendable {
            /// That of the view's parameter.
            case parameter(String)
            case given(JSON)
        }

        let name: String
        let value: Value
    }

    package let name: String
    package let about: String?
    package let parameters: [ShapeParameter]
    package let parts: [Part]
    let line: Int
}

/// Lines of a part of the file, by the paths of its members; the path of the part itself is empty.
struct MemberLines: Hashable, Sendable {
    private var lines: [String: Int] = [:]

    init(start: Int) {
        lines[""] = start
    }

    mutating func note(_ path: String, _ line: Int) { lines[path] = line }

    /// Of the member itself, or of what it stands in.
    func line(of path: String) -> Int {
        var path = path[...]
        while true {
            if let line = lines[String(path)] { return line }
            guard let dot = path.lastIndex(of: ".") else { return lines[""] ?? 1 }
            path = path[..<dot]
        }
    }
}
