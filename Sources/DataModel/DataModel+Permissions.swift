import Shapes
import SyncModel
import Yams

/// `permissions:` of the data model file: who may read which rows.
///
/// ```yaml
/// permissions:
///   teams: {read: "id IN (SELECT team_id FROM team_members WHERE user_id = auth.user_id)"}
///   users: {read: everyone}
/// ```
package struct PermissionModel: Hashable, Sendable {
    package let table: TableName
    package let read: ReadRule
    /// Of the file, from 1.
    package let line: Int
    /// That of the rule.
    package let readLine: Int
}

extension DataModel {
    /// - Parameter areNeeded: a table without a rule is not served.
    package func readRules(areNeeded: Bool) -> ReadRules {
        var rules: [TableName: ReadRule] = [:]
        for permission in permissions { rules[permission.table] = permission.read }
        return ReadRules(rules, areNeeded: areNeeded)
    }

    /// Throws for the first rule, in the file's order, that does not fit the database.
    func validatePermissions(against schema: DatabaseSchema) throws(DataModelError) {
        for permission in permissions {
            guard let table = schema[permission.table] else {
                throw unpublished(permission.table, line: permission.line, in: schema)
            }
            do throws(ShapeError) {
                try permission.read.validate(for: table, in: schema)
            } catch {
                throw DataModelError(
                    file: file, line: permission.readLine,
                    message: "the read rule of \(permission.table): \(error.explained)")
            }
        }
    }
}

extension Reader {
    func permissions(of root: Node?) throws(DataModelError) -> [PermissionModel] {
        guard let found = try mapping(root, "the file").first(where: { $0.key.text == "permissions" }) else {
            return []
        }
        var permissions: [PermissionModel] = []
        for (name, settings) in try mapping(found.value, "permissions") {
            let permission = try permission(name, settings)
            if let other = permissions.first(where: { $0.table == permission.table }) {
                throw failure(name.line, "\(permission.table) has rules in line \(other.line) already")
            }
            permissions.append(permission)
        }
        return permissions
    }

    private func permission(_ name: Key, _ settings: Node) throws(DataModelError) -> PermissionModel {
        var read: (rule: ReadRule, line: Int)?
        for (key, value) in try mapping(settings, name.text) {
            try check(key, known: ["read"], planned: ["write"])
            let line = value.mark?.line ?? key.line
            guard let text = value.scalar?.string, !text.isEmpty else {
                throw failure(line, "\(name.text): read: a condition is needed, or `everyone`")
            }
            read = (try rule(text, of: name, line), line)
        }
        guard let read else {
            throw failure(name.line, "\(name.text): `read` is missing: a condition, or `everyone`")
        }
        return PermissionModel(
            table: TableName(name.text), read: read.rule, line: name.line, readLine: read.line)
    }

    private func rule(_ text: String, of name: Key, _ line: Int) throws(DataModelError) -> ReadRule {
        if text == "everyone" { return .everyone }
        do throws(ShapeError) {
            return try ReadRule(parsing: Text(text))
        } catch {
            throw failure(line, "the read rule of \(name.text): \(error.explained)")
        }
    }
}
