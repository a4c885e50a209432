import SyncModel
import Yams

extension DataTree {
    /// A YAML document that reads back as the same data in YAML 1.1 and 1.2. Text that any reader could take
    /// for something else is quoted.
    package func yaml() throws(PipelineFileError) -> String {
        do {
            return try Yams.serialize(node: node, indent: 2, width: -1, allowUnicode: true)
        } catch {
            throw PipelineFileError("the data cannot be written as YAML: \(error)")
        }
    }

    private var node: Node {
        switch self {
        case .null: return Node("null", Tag(.null), .plain)
        case .bool(let value): return Node(value ? "true" : "false", Tag(.bool), .plain)
        case .number(let number):
            return Node(number.literal, Tag(number.isInteger ? .int : .float), .plain)
        case .text(let text): return Node(text.string, Tag(.str), Self.style(text.string))
        case .list(let elements):
            return Node(elements.map(\.node), Tag(.seq), elements.isEmpty ? .flow : .block)
        case .map(let members):
            let keys = members.keys.sorted { Self.rank($0) < Self.rank($1) }
            let pairs = keys.compactMap { key in
                members[key].map { (Node(key.string, Tag(.str), Self.keyStyle(key.string)), $0.node) }
            }
            return Node(pairs, Tag(.map), pairs.isEmpty ? .flow : .block)
        }
    }

    private static func style(_ text: String) -> Node.Scalar.Style {
        // The emitter falls back to quotes where a literal block cannot hold the text.
        if text.utf8.contains(UInt8(ascii: "\n")), isLiteralSafe(text) { return .literal }
        return YAMLScalar.isPlainSafe(text) ? .plain : .doubleQuoted
    }

    private static func keyStyle(_ text: String) -> Node.Scalar.Style {
        YAMLScalar.isPlainSafe(text) ? .plain : .doubleQuoted
    }

    /// Blocks that begin with white space need an indentation hint, which readers disagree on.
    private static func isLiteralSafe(_ text: String) -> Bool {
        guard let first = text.unicodeScalars.first, first != " ", first != "\n" else { return false }
        return text.unicodeScalars.allSatisfy {
            $0 == "\n" || $0 == "\t" || ($0.value >= 0x20 && $0.value < 0x7f)
        }
    }

    /// People read names first and the long parts last.
    private static func rank(_ key: Text) -> (Int, Text) {
        let first: [Text] = ["workflow", "name", "type", "description", "version"]
        let last: [Text] = ["prompt", "steps"]
        if let place = first.firstIndex(of: key) { return (place - first.count, key) }
        return (last.firstIndex(of: key).map { $0 + 1 } ?? 0, key)
    }
}
