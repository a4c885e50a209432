import JSONText
import SyncModel

/// What of the rules, and of a person's claims, decides the content of a shape: part of the shape's identity, so that
/// people share a shape where the claims that it takes are equal, and a changed rule begins a new one.
package struct ReadGrant: Hashable, Sendable {
    /// The rules that restrict, as written, by table. Those of everyone do not.
    private(set) var rules: [TableName: Text] = [:]
    /// nil: the person lacks the claim.
    private(set) var claims: [Text: Text?] = [:]

    package init() {}

    mutating func add(_ rule: ReadRule, of table: TableName) { rules[table] = rule.text }

    mutating func add(_ names: Set<Text>, of person: [Text: Text]) {
        for name in names { claims.updateValue(person[name], forKey: name) }
    }

    mutating func add(_ other: ReadGrant) {
        rules.merge(other.rules) { first, _ in first }
        claims.merge(other.claims) { first, _ in first }
    }

    /// Some rows may be kept from the person.
    package var isRestricted: Bool { !rules.isEmpty }

    /// The rule of a table, and all claims that the shape takes; nil where nothing restricts it.
    package func permission(for table: TableName) -> Explanation.Permission? {
        guard let rule = rules[table] else { return nil }
        let claims = claims.sorted { $0.key < $1.key }.map { name, value in
            Explanation.NamedValue(name.string, value?.shortened)
        }
        return Explanation.Permission(rule: rule.shortened, claims: claims)
    }

    /// The claims' values are this person's. The rules of a process never change.
    package func isOf(_ access: ReadAccess) -> Bool {
        claims.allSatisfy { access.claims[$0.key] == $0.value }
    }

    /// Compact JSON, `{"rules": {table: rule}, "claims": {name: value}}`, sorted; empty where nothing restricts.
    package var text: String {
        guard isRestricted else { return "" }
        let rules = rules.sorted { $0.key < $1.key }.map { ($0.key.description, JSON.string($0.value.string)) }
        let claims = claims.sorted { $0.key < $1.key }.map { name, value in
            (name.string, value.map { JSON.string($0.string) } ?? .null)
        }
        let json: JSON = ["rules": .object(JSONObject(rules)), "claims": .object(JSONObject(claims))]
        return json.text
    }

    /// The claims in a grant's text; those that were lacking are left out.
    package static func claims(in text: String) throws(JSONError) -> [Text: Text] {
        guard !text.isEmpty else { return [:] }
        var claims: [Text: Text] = [:]
        for (name, value) in try JSON(parsing: text)["claims"]?.object?.members ?? [] {
            if let value = value.string { claims[Text(name)] = Text(value) }
        }
        return claims
    }
}
