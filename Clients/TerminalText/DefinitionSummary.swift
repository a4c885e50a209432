import JSONText

/// What a shape takes, on one line, with all that tells it from another one.
///
/// `pipelines (id, name) where team_id = 7 order by name limit 50 + steps {where enabled} + comments`
struct DefinitionSummary {
    /// Characters beyond which long conditions and lists of columns are shortened, each by itself.
    private static let length = 160
    private static let conditionLength = 72
    private static let columnCount = 4

    private let definition: JSON
    private let params: [String]
    private var isShortened = false

    init(_ definition: JSON) {
        self.definition = definition
        switch definition["params"] ?? definition["parameters"] {
        case .array(let values)?: params = values.map(Self.literal)
        case .object(let values)?:
            params = (0..<values.count).map { values[String($0 + 1)].map(Self.literal) ?? "$\($0 + 1)" }
        default: params = []
        }
    }

    var text: String {
        let whole = line
        guard whole.count > Self.length else { return whole }
        var short = self
        short.isShortened = true
        return short.line
    }

    private var line: String { ([root] + parts(definition)).joined(separator: " ") }

    private var root: String {
        if let name = definition["name"]?.string {
            let parameters = definition["parameters"]?.object?.members ?? []
            return ([name] + parameters.map { "\($0.key)=\(Self.argument($0.value))" }).joined(separator: " ")
        }
        let table = definition["root_table"]?.string ?? "?"
        return table.hasPrefix("public.") ? String(table.dropFirst("public.".count)) : table
    }

    private func parts(_ node: JSON) -> [String] {
        var parts: [String] = []
        if let link = node["on"]?.string { parts.append("on \(link)") }
        if let columns = node["select"]?.array { parts.append("(\(list(columns)))") }
        if let condition = condition(node["where"]) {
            parts.append("where \(isShortened ? Printable.cut(condition, width: Self.conditionLength) : condition)")
        }
        if let order = node["order_by"] {
            parts.append("order by " + (order.array ?? [order]).map(Self.bare).joined(separator: ", "))
        }
        if let limit = node["limit"] { parts.append("limit \(Self.bare(limit))") }
        for (name, child) in node["include"]?.object?.members ?? [] where child != false {
            let inner = self.parts(child)
            parts.append("+ \(name)" + (inner.isEmpty ? "" : " {\(inner.joined(separator: " "))}"))
        }
        if node["include_all"] == true { parts.append("+ all") }
        return parts
    }

    private func list(_ columns: [JSON]) -> String {
        let names = columns.map(Self.bare)
        guard isShortened, names.count > Self.columnCount else { return names.joined(separator: ", ") }
        return (names.prefix(Self.columnCount) + ["… \(names.count - Self.columnCount) more"]).joined(separator: ", ")
    }

    private func condition(_ json: JSON?) -> String? {
        switch json {
        case .string(let text)?: ConditionText(text, params: params).text
        case .object(let members)? where !members.isEmpty:
            members.members.map { "\($0.key) = \(Self.literal($0.value))" }.joined(separator: " and ")
        default: nil
        }
    }

    /// As a condition has it. Text that reads as a number stands as one: every value comes as text.
    private static func literal(_ json: JSON) -> String {
        guard let text = json.string else { return json.text }
        let isNumber =
            Double(text) != nil && text.utf8.allSatisfy { (48...57).contains($0) || "+-.e".utf8.contains($0) }
        return isNumber ? text : quoted(text)
    }

    /// Behind a parameter's name: in quotes where it is not clear where it ends.
    private static func argument(_ json: JSON) -> String {
        guard let text = json.string else { return json.text }
        let isPlain = text.utf8.allSatisfy { byte in
            (48...57).contains(byte) || (65...90).contains(byte) || (97...122).contains(byte) || byte >= 0x80
                || "-_./:@%+".utf8.contains(byte)
        }
        return isPlain && !text.isEmpty ? text : quoted(text)
    }

    private static func quoted(_ text: String) -> String { "'\(text.replacing("'", with: "''"))'" }

    private static func bare(_ json: JSON) -> String { json.string ?? json.text }
}
