import JSONText
import Yams

/// A part of the file as JSON, with the lines of its members.
///
/// Plain `true`, `false`, `null`, `~` and whole numbers are that; everything else is text, other numbers too, so that
/// none of their digits is lost.
struct YAMLValueReader {
    struct Problem: Error {
        let line: Int?
        let message: String
    }

    var lines: MemberLines
    /// Aliases may repeat what is written once.
    private var nodes = 0

    private static let maxNodes = 100_000
    private static let maxDepth = 64

    init(lines: MemberLines) {
        self.lines = lines
    }

    mutating func value(_ node: Node, path: String, depth: Int) throws(Problem) -> JSON {
        nodes += 1
        guard depth <= Self.maxDepth, nodes <= Self.maxNodes else {
            throw Problem(
                line: node.mark?.line,
                message: "at most \(Self.maxNodes) values, \(Self.maxDepth) deep, are read of one declaration")
        }
        switch node {
        case .scalar(let scalar): return Self.value(scalar)
        case .sequence(let sequence):
            var elements: [JSON] = []
            for element in sequence { elements.append(try value(element, path: path, depth: depth + 1)) }
            return .array(elements)
        case .mapping(let mapping):
            var members: [(String, JSON)] = []
            for (key, element) in mapping {
                guard let name = key.scalar?.string else {
                    throw Problem(line: key.mark?.line, message: "a member's name must be plain text")
                }
                let path = "\(path).\(name)"
                if let line = key.mark?.line { lines.note(path, line) }
                members.append((name, try value(element, path: path, depth: depth + 1)))
            }
            return .object(JSONObject(members))
        case .alias:
            throw Problem(line: node.mark?.line, message: "an alias cannot stand here: write out what it stands for")
        }
    }

    private static func value(_ scalar: Node.Scalar) -> JSON {
        guard scalar.style == .plain else { return .string(scalar.string) }
        switch scalar.string {
        case "", "~", "null", "Null", "NULL": return .null
        case "true", "True", "TRUE": return .bool(true)
        case "false", "False", "FALSE": return .bool(false)
        default: break
        }
        // Digits as a number writes them: 007 is text.
        guard let int = Int64(scalar.string), String(int) == scalar.string else { return .string(scalar.string) }
        return .int(int)
    }
}
