import SyncModel
import Yams

extension DataModel {
    /// Bytes of a data model file.
    package static let maxBytes = 1 << 20

    /// `file` is for messages only.
    package init(yaml text: String, file: String) throws(DataModelError) {
        guard text.utf8.count <= Self.maxBytes else {
            throw DataModelError(
                file: file, line: 1, message: "the file has \(text.utf8.count) bytes; at most \(Self.maxBytes) are read"
            )
        }
        let reader = Reader(file: file)
        let root = try reader.root(of: text)
        let tables = try reader.tables(of: root)
        let shapes = try reader.shapes(of: root)
        self.init(
            text: text, tables: tables, shapes: shapes, views: try reader.views(of: root, shapes: shapes),
            permissions: try reader.permissions(of: root), file: file)
    }
}

/// Walks the YAML tree and refuses, with file and line, whatever it does not know.
struct Reader {
    let file: String

    private static let members = ["version", "tables", "shapes", "views", "permissions"]
    private static let plannedMembers = ["operations"]
    private static let tableMembers = ["on_concurrent_delete", "on_missing_parent", "columns", "children"]
    private static let plannedTableMembers = ["identity", "registers"]

    func root(of text: String) throws(DataModelError) -> Node? {
        do {
            return try Yams.compose(yaml: text)
        } catch let error as YamlError {
            throw failure(Self.line(of: error), "this is no YAML: \(error)")
        } catch {
            throw failure(1, "this is no YAML: \(error)")
        }
    }

    func tables(of root: Node?) throws(DataModelError) -> [TableModel] {
        let members = try mapping(root, "the file")
        for (key, _) in members { try check(key, known: Self.members, planned: Self.plannedMembers) }
        guard let (versionKey, version) = members.first(where: { $0.key.text == "version" }) else {
            throw failure(1, "`version: 1` is missing")
        }
        guard version.int == 1 else { throw failure(versionKey.line, "version: this service reads version 1") }
        guard let tables = members.first(where: { $0.key.text == "tables" })?.value else { return [] }
        var models: [TableModel] = []
        for (name, settings) in try mapping(tables, "tables") {
            let table = try table(name, settings)
            if let other = models.first(where: { $0.name == table.name }) {
                throw failure(name.line, "\(table.name) is described in line \(other.line) already")
            }
            models.append(table)
        }
        return models
    }

    private func table(_ name: Key, _ settings: Node) throws(DataModelError) -> TableModel {
        var onConcurrentDelete = ConcurrentDeleteRule.updateWins
        var onMissingParent = MissingParentRule.reject
        var columns: [ColumnModel] = []
        var children: [ChildModel]?
        for (key, value) in try mapping(settings, name.text) {
            try check(key, known: Self.tableMembers, planned: Self.plannedTableMembers)
            switch key.text {
            case "on_concurrent_delete": onConcurrentDelete = try rule(value, key)
            case "on_missing_parent": onMissingParent = try rule(value, key)
            case "children": children = try self.children(value, key)
            default:
                for (column, value) in try mapping(value, "columns") {
                    columns.append(ColumnModel(name: column.text, rule: try rule(value, column), line: column.line))
                }
            }
        }
        return TableModel(
            name: TableName(name.text), onConcurrentDelete: onConcurrentDelete, onMissingParent: onMissingParent,
            columns: columns, children: children, line: name.line)
    }

    private func rule<Rule: MergeRule>(_ value: Node, _ key: Key) throws(DataModelError) -> Rule {
        let line = value.mark?.line ?? key.line
        guard let text = value.scalar?.string else { throw failure(line, "\(key.text): the name of a rule is needed") }
        if let rule = Rule(rawValue: text) { return rule }
        let known = Rule.allCases.map(\.rawValue).joined(separator: ", ")
        if Rule.planned.contains(text) {
            throw failure(line, "\(key.text): not supported yet: \(text); supported: \(known)")
        }
        throw failure(line, "\(key.text): there is no rule `\(text)`; supported: \(known)")
    }

    func check(_ key: Key, known: [String], planned: [String] = []) throws(DataModelError) {
        if known.contains(key.text) { return }
        if planned.contains(key.text) { throw failure(key.line, "not supported yet: \(key.text)") }
        throw failure(key.line, "there is no member `\(key.text)` here; known: \(known.joined(separator: ", "))")
    }

    struct Key {
        let text: String
        let line: Int
    }

    /// The members in the file's order. Nothing (an empty file, `steps:`) is an empty mapping.
    func mapping(_ node: Node?, _ what: String) throws(DataModelError) -> [(key: Key, value: Node)] {
        guard let node, node.null == nil else { return [] }
        guard case .mapping(let mapping) = node else {
            throw failure(node.mark?.line ?? 1, "\(what): members (`name: value`) are needed here")
        }
        var members: [(key: Key, value: Node)] = []
        for (key, value) in mapping {
            let line = key.mark?.line ?? 1
            guard let name = key.scalar?.string else {
                throw failure(line, "\(what): a member's name must be plain text")
            }
            members.append((Key(text: name, line: line), value))
        }
        return members
    }

    func failure(_ line: Int, _ message: String) -> DataModelError {
        DataModelError(file: file, line: line, message: message)
    }

    private static func line(of error: YamlError) -> Int {
        switch error {
        case .scanner(_, _, let mark, _), .parser(_, _, let mark, _), .composer(_, _, let mark, _): mark.line
        case .duplicatedKeysInMapping(_, let context): context.mark.line
        default: 1
        }
    }
}
