import Yams

/// The configuration file that service and daemon share, as a list of settings. Each program checks the whole of
/// `electric` and its own section, and takes its part.
package struct ConfigurationFile {
    /// A member that is no section, with `${NAME}` replaced.
    package struct Setting: Hashable {
        /// From 1.
        package let line: Int
        package let items: [String]

        package var text: String { items.first ?? "" }
    }

    /// By path, as `electric.auth.mode`: what the program takes. An empty member is as one left out.
    package private(set) var settings: [String: Setting] = [:]
    private let members: [Member]
    private let environment: [String: String]

    /// - Parameters:
    ///   - file: the path that the text was read from, for messages.
    ///   - environment: for `${NAME}`.
    ///   - members: all that the file can have, in the order in which messages list them.
    package init(
        text: String, file: String? = nil, environment: [String: String], members: [Member]
    ) throws(ConfigurationError) {
        self.environment = environment
        self.members = members
        do {
            try read(text)
        } catch {
            var named = error
            named.file = file
            throw named
        }
    }

    private mutating func read(_ text: String) throws(ConfigurationError) {
        let root: Node?
        do {
            root = try Yams.compose(yaml: text)
        } catch {
            throw Self.refusal(error)
        }
        if let root { try read(root, path: "") }
    }

    /// Without the parser's own words, which repeat the line: it may hold a secret.
    private static func refusal(_ error: any Error) -> ConfigurationError {
        switch error {
        case YamlError.scanner(_, _, let mark, _), YamlError.parser(_, _, let mark, _),
            YamlError.composer(_, _, let mark, _):
            ConfigurationError(
                line: mark.line,
                "this is no YAML: is a quote open, or does a value with `:`, `#`, `@` or `*` need quotes?")
        case YamlError.duplicatedKeysInMapping(_, let context):
            ConfigurationError(line: context.mark.line, "a name stands twice in the same section")
        default: ConfigurationError(line: nil, "it is no YAML")
        }
    }

    private mutating func read(_ node: Node, path: String) throws(ConfigurationError) {
        if node.null != nil { return }
        guard let member = members.first(where: { $0.path == path }) else {
            return try readSection(node, path: path)
        }
        let line = node.mark?.line ?? 1
        var nodes = [node]
        switch member.form {
        case .anything: return
        case .names:
            guard let list = node.sequence, !list.isEmpty, list.allSatisfy({ $0.scalar != nil }) else {
                throw ConfigurationError(line: line, "\(path) is a list with at least one name")
            }
            nodes = Array(list)
        case .text, .whole, .choice, .other:
            guard node.scalar != nil else { throw ConfigurationError(line: line, "\(path) is one value") }
        }
        // The variables of another program need not be set for this one.
        if !member.isTaken, nodes.contains(where: { $0.scalar?.string.contains("${") == true }) { return }
        var items: [String] = []
        for node in nodes { items.append(try substituted(node)) }
        if let wanted = items.lazy.compactMap(member.form.refusal).first {
            throw ConfigurationError(line: line, "\(path) is \(wanted)")
        }
        if member.isTaken { settings[path] = Setting(line: line, items: items) }
    }

    private mutating func readSection(_ node: Node, path: String) throws(ConfigurationError) {
        let place = path.isEmpty ? "the file" : path
        guard let mapping = node.mapping else {
            throw ConfigurationError(line: node.mark?.line ?? 1, "\(place) is a section with names")
        }
        let known = names(in: path)
        for (key, value) in mapping {
            let name = key.scalar?.string ?? ""
            guard known.contains(name) else {
                throw ConfigurationError(
                    line: key.mark?.line ?? 1,
                    "\(place) has no member `\(name)`; it can have: \(known.joined(separator: ", "))")
            }
            try read(value, path: path.isEmpty ? name : "\(path).\(name)")
        }
    }

    /// The names that a section can have.
    private func names(in section: String) -> [String] {
        let prefix = section.isEmpty ? "" : "\(section)."
        var names: [String] = []
        for member in members where member.path.hasPrefix(prefix) {
            let name = String(member.path.dropFirst(prefix.count).prefix { $0 != "." })
            if !names.contains(name) { names.append(name) }
        }
        return names
    }

    /// Replaces `${NAME}`. Values never become part of the file's syntax.
    private func substituted(_ node: Node) throws(ConfigurationError) -> String {
        var result = ""
        var rest = Substring(node.scalar?.string ?? "")
        while let dollar = rest.firstIndex(of: "$") {
            result += rest[..<dollar]
            rest = rest[dollar...]
            guard rest.dropFirst().first == "{", let end = rest.firstIndex(of: "}") else {
                result.append("$")
                rest = rest.dropFirst()
                continue
            }
            let name = String(rest[..<end].dropFirst(2))
            guard let value = environment[name] else {
                throw ConfigurationError(
                    line: node.mark?.line ?? 1,
                    "${\(name)} is not set in the environment: set it, or write the value here")
            }
            result += value
            rest = rest[rest.index(after: end)...]
        }
        return result + rest
    }
}

/// Why a configuration file is refused. The message says what to do.
package struct ConfigurationError: Error, Hashable, CustomStringConvertible, Sendable {
    /// From 1; nil: all of it.
    let line: Int?
    let message: String
    /// Its path, once it is known.
    package var file: String?

    package init(line: Int?, _ message: String) {
        self.line = line
        self.message = message
    }

    package var description: String {
        "The configuration file\(file.map { " \($0)" } ?? "")\(line.map { ", line \($0)" } ?? ""): \(message)"
    }
}
