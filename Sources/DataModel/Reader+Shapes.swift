import JSONText
import Shapes
import SyncModel
import Yams

extension Reader {
    /// Shapes of a model, views of a model, parameters of either, shapes of a view.
    private static let maxNames = 1_000
    private static let viewMembers = ["description", "parameters", "shapes"]

    func children(_ node: Node, _ key: Key) throws(DataModelError) -> [ChildModel] {
        guard case .sequence(let names) = node else {
            throw failure(node.mark?.line ?? key.line, "children: a list of tables is needed, like [steps, comments]")
        }
        var children: [ChildModel] = []
        for name in names {
            let line = name.mark?.line ?? key.line
            guard let text = name.scalar?.string else { throw failure(line, "children: the name of a table is needed") }
            let child = ChildModel(name: TableName(text), line: line)
            guard !children.contains(where: { $0.name == child.name }) else {
                throw failure(line, "children: \(child.name) is named twice")
            }
            children.append(child)
        }
        return children
    }

    func shapes(of root: Node?) throws(DataModelError) -> [NamedShape] {
        var shapes: [NamedShape] = []
        for (key, node) in try members(of: root, "shapes") {
            try checkName(key, "shape")
            shapes.append(try shape(key, node))
        }
        return shapes
    }

    private func shape(_ key: Key, _ node: Node) throws(DataModelError) -> NamedShape {
        var body = JSONObject()
        var about: String?
        var parameters: [ShapeParameter] = []
        var reader = YAMLValueReader(lines: MemberLines(start: key.line))
        for (member, value) in try mapping(node, key.text) {
            reader.lines.note(member.text, member.line)
            switch member.text {
            case "description": about = try description(value, member)
            case "parameters": parameters = try self.parameters(value, key.text, &reader.lines)
            case "params", "name":
                throw failure(
                    member.line, "\(member.text): a shape of the data model has `parameters`, with their types")
            default:
                do throws(YAMLValueReader.Problem) {
                    body[member.text] = try reader.value(value, path: member.text, depth: 1)
                } catch {
                    throw failure(error.line ?? member.line, "shape \(key.text): \(error.message)")
                }
            }
        }
        do throws(ShapeError) {
            return NamedShape(
                name: key.text, about: about, template: try ShapeTemplate(body, parameters: parameters),
                lines: reader.lines)
        } catch {
            let line = reader.lines.line(of: error.field ?? "")
            throw failure(line, "shape \(key.text): \(error.description)")
        }
    }

    private func parameters(
        _ node: Node, _ owner: String, _ lines: inout MemberLines
    ) throws(DataModelError) -> [ShapeParameter] {
        var parameters: [ShapeParameter] = []
        for (key, value) in try mapping(node, "parameters") {
            let line = value.mark?.line ?? key.line
            guard ShapeParameter.isName(key.text) else {
                throw failure(key.line, "\(owner): a parameter is named with letters, digits and `_`: `\(key.text)`")
            }
            guard let type = value.scalar.flatMap({ ParameterType($0.string) }) else {
                throw failure(line, "\(owner): the parameter `\(key.text)` needs a type of PostgreSQL's, like `uuid`")
            }
            lines.note("parameters.\(key.text)", key.line)
            parameters.append(ShapeParameter(name: key.text, type: type))
        }
        return parameters
    }

    func views(of root: Node?, shapes: [NamedShape]) throws(DataModelError) -> [NamedView] {
        var views: [NamedView] = []
        for (key, node) in try members(of: root, "views") {
            try checkName(key, "view")
            views.append(try view(key, node, shapes))
        }
        return views
    }

    private func view(_ key: Key, _ node: Node, _ shapes: [NamedShape]) throws(DataModelError) -> NamedView {
        var about: String?
        var lines = MemberLines(start: key.line)
        var parameters: [ShapeParameter] = []
        var parts: [Node] = []
        for (member, value) in try mapping(node, key.text) {
            try check(member, known: Self.viewMembers)
            switch member.text {
            case "description": about = try description(value, member)
            case "parameters": parameters = try self.parameters(value, key.text, &lines)
            default:
                guard case .sequence(let list) = value else {
                    throw failure(member.line, "view \(key.text): `shapes` is a list, like [dashboard]")
                }
                parts = Array(list)
            }
        }
        guard !parts.isEmpty, parts.count <= Self.maxNames else {
            throw failure(key.line, "view \(key.text): it needs 1 to \(Self.maxNames) `shapes`")
        }
        var read: [NamedView.Part] = []
        for node in parts { read.append(try part(node, key, parameters, shapes)) }
        for parameter in parameters where !read.contains(where: { $0.uses(parameter) }) {
            throw failure(
                lines.line(of: "parameters.\(parameter.name)"),
                "view \(key.text): the parameter `\(parameter.name)` is not used: give it to a shape, or leave it out")
        }
        return NamedView(name: key.text, about: about, parameters: parameters, parts: read, line: key.line)
    }

    /// `dashboard`, or `pipeline_list: {team_id: $team_id}`.
    private func part(
        _ node: Node, _ view: Key, _ parameters: [ShapeParameter], _ shapes: [NamedShape]
    ) throws(DataModelError) -> NamedView.Part {
        var name = node.scalar?.string ?? ""
        var line = node.mark?.line ?? view.line
        var given: [(key: Key, value: Node)] = []
        if node.scalar == nil {
            let members = try mapping(node, "view \(view.text)")
            guard members.count == 1 else {
                throw failure(
                    line, "view \(view.text): each shape is an item of its own, `- shape: {parameter: value}`")
            }
            (name, line) = (members[0].key.text, members[0].key.line)
            given = try mapping(members[0].value, name)
        }
        guard let shape = shapes.first(where: { Text($0.name) == Text(name) }) else {
            throw failure(
                line,
                "view \(view.text): there is no shape `\(name)`; declared under `shapes`: \(DataModel.list(shapes.map(\.name)))"
            )
        }
        if let unknown = given.first(where: { shape.parameters.named($0.key.text) == nil }) {
            throw failure(
                unknown.key.line,
                "view \(view.text): \(name) has no parameter `\(unknown.key.text)`; its parameters: \(shape.parameters.list)"
            )
        }
        var arguments: [NamedView.Argument] = []
        for parameter in shape.parameters {
            guard let (key, value) = given.first(where: { Text($0.key.text) == Text(parameter.name) }) else {
                throw failure(
                    line, "view \(view.text): \(name) needs the parameter `\(parameter.name)` (\(parameter.type.text))")
            }
            arguments.append(
                NamedView.Argument(
                    name: parameter.name, value: try argument(value, key, for: parameter, view, parameters)))
        }
        return NamedView.Part(shape: name, arguments: arguments, line: line)
    }

    private func argument(
        _ node: Node, _ key: Key, for parameter: ShapeParameter, _ view: Key, _ parameters: [ShapeParameter]
    ) throws(DataModelError) -> NamedView.Argument.Value {
        if let text = node.scalar?.string, text.hasPrefix("$") {
            if text.hasPrefix("$$") { return .given(.string(String(text.dropFirst()))) }
            guard let own = parameters.named(String(text.dropFirst())) else {
                throw failure(
                    key.line,
                    "view \(view.text): there is no parameter `\(text.dropFirst())`; its own: \(parameters.list)")
            }
            guard own.type == parameter.type else {
                throw failure(
                    key.line,
                    "view \(view.text): `\(own.name)` is \(own.type.text), and `\(parameter.name)` is \(parameter.type.text)"
                )
            }
            return .parameter(own.name)
        }
        var reader = YAMLValueReader(lines: MemberLines(start: key.line))
        do throws(YAMLValueReader.Problem) {
            return .given(try reader.value(node, path: key.text, depth: 1))
        } catch {
            throw failure(error.line ?? key.line, "view \(view.text): \(error.message)")
        }
    }

    private func description(_ node: Node, _ key: Key) throws(DataModelError) -> String {
        guard let text = node.scalar?.string else { throw failure(key.line, "description: text is needed") }
        return text
    }

    private func members(of root: Node?, _ name: String) throws(DataModelError) -> [(key: Key, value: Node)] {
        guard let found = try mapping(root, "the file").first(where: { $0.key.text == name }) else { return [] }
        let members = try mapping(found.value, name)
        guard members.count <= Self.maxNames else {
            throw failure(found.key.line, "\(name): at most \(Self.maxNames) can be declared")
        }
        return members
    }

    /// Names stand in command lines and messages.
    private func checkName(_ key: Key, _ what: String) throws(DataModelError) {
        let isName = key.text.utf8.allSatisfy {
            (65...90).contains($0) || (97...122).contains($0) || (48...57).contains($0) || "_-.".utf8.contains($0)
        }
        guard isName, (1...63).contains(key.text.utf8.count) else {
            throw failure(key.line, "a \(what) is named with 1 to 63 letters, digits, `_`, `-` and `.`: `\(key.text)`")
        }
    }
}

extension NamedView.Part {
    fileprivate func uses(_ parameter: ShapeParameter) -> Bool {
        arguments.contains { $0.value == .parameter(parameter.name) }
    }
}
