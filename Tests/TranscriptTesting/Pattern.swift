import JSONText

/// What a message must look like (`Protocol/vectors/README.md`).
struct Pattern: Hashable {
    let json: JSON

    /// nil when it fits; else where it does not, and why. Remembers values under their names.
    func mismatch(_ value: JSON, remembered: inout [String: JSON]) -> String? {
        Self.mismatch(json, value, path: "", remembered: &remembered)
    }

    private static func mismatch(
        _ pattern: JSON, _ value: JSON, path: String, remembered: inout [String: JSON]
    ) -> String? {
        func unequal() -> String {
            "\(path.isEmpty ? "the message" : path): expected \(pattern), got \(value)"
        }
        switch (pattern, value) {
        case (.string(let text), _):
            guard let placeholder = Placeholder(text) else { return pattern == value ? nil : unequal() }
            return placeholder.fits(value, remembered: &remembered) ? nil : unequal()
        case (.object(let members), .object(let found)):
            return mismatch(members, found, path: path, remembered: &remembered)
        case (.array(let elements), .array(let found)):
            let isOpen = elements.last == "..."
            let wanted = isOpen ? elements.dropLast() : elements[...]
            guard isOpen ? found.count >= wanted.count : found.count == wanted.count else { return unequal() }
            for (index, pattern) in wanted.enumerated() {
                let path = "\(path)[\(index)]"
                if let reason = mismatch(pattern, found[index], path: path, remembered: &remembered) {
                    return reason
                }
            }
            return nil
        default: return pattern == value ? nil : unequal()
        }
    }

    private static func mismatch(
        _ pattern: JSONObject, _ value: JSONObject, path: String, remembered: inout [String: JSON]
    ) -> String? {
        let isOpen = pattern["..."] == true
        for member in pattern.members where member.key != "..." {
            let path = path.isEmpty ? member.key : "\(path).\(member.key)"
            guard let found = value[member.key] else { return "\(path): is missing" }
            if let reason = mismatch(member.value, found, path: path, remembered: &remembered) {
                return reason
            }
        }
        guard !isOpen, let extra = value.keys.first(where: { pattern[$0] == nil }) else { return nil }
        return "\(path.isEmpty ? extra : "\(path).\(extra)"): was not expected"
    }
}

/// `<kind>`, `<kind:name>` or `<=name>`.
struct Placeholder: Hashable {
    enum Kind: String, Hashable, CaseIterable { case string, integer, number, boolean, array, object, any }

    /// nil: the value that was remembered.
    let kind: Kind?
    let name: String?

    init?(_ text: String) {
        guard text.hasPrefix("<"), text.hasSuffix(">"), text.utf8.count > 2 else { return nil }
        let inside = text.dropFirst().dropLast()
        if inside.hasPrefix("=") {
            kind = nil
            name = String(inside.dropFirst())
            return
        }
        let parts = inside.split(separator: ":", maxSplits: 1)
        guard let kind = Kind(rawValue: String(parts[0])) else { return nil }
        self.kind = kind
        name = parts.count == 2 ? String(parts[1]) : nil
    }

    func fits(_ value: JSON, remembered: inout [String: JSON]) -> Bool {
        guard let kind else { return name.flatMap { remembered[$0] } == value }
        let fits =
            switch kind {
            case .string: value.string != nil
            case .integer: value.int != nil
            case .number: value.double != nil
            case .boolean: value.bool != nil
            case .array: value.array != nil
            case .object: value.object != nil
            case .any: true
            }
        if fits, let name { remembered[name] = value }
        return fits
    }
}

extension JSON {
    /// With every `<=name>` replaced by what was remembered.
    func filled(from remembered: [String: JSON]) -> JSON {
        switch self {
        case .string(let text):
            guard let placeholder = Placeholder(text), placeholder.kind == nil, let name = placeholder.name
            else {
                return self
            }
            return remembered[name] ?? self
        case .array(let elements): return .array(elements.map { $0.filled(from: remembered) })
        case .object(let object):
            return .object(JSONObject(object.members.map { ($0.key, $0.value.filled(from: remembered)) }))
        case .null, .bool, .int, .double: return self
        }
    }
}
