import Yams

/// The configuration file that service and daemon share. The whole of it is checked, the daemon's part is taken:
/// `daemon`, and of `electric` the section `client`.
package struct ConfigurationFile {
    /// nil: the file is empty.
    private let root: Node?
    private let environment: [String: String]

    /// What may stand in a place of the file.
    fileprivate indirect enum Form {
        case section([(name: String, form: Form)])
        case text
        case whole(ClosedRange<Int>)
        case choice([String])
        case list
        /// Another program's own section.
        case anything
    }

    package init(text: String, environment: [String: String]) throws(StartError) {
        do {
            root = try Yams.compose(yaml: text)
        } catch {
            throw StartError("The configuration file is no YAML: \(error)")
        }
        self.environment = environment
        if let root { try Self.check(root, Self.form, path: "") }
    }

    /// The options that the file sets; the others have their defaults.
    package func options() throws(StartError) -> DaemonOptions {
        var pairs: [(Node, Node)] = []
        for section in [root?["daemon"], root?["electric"]?["client"]] {
            for (name, value) in section?.mapping ?? [:] where !value.isNull {
                pairs.append((name, try substituted(value)))
            }
        }
        do {
            let options = try YAMLDecoder().decode(DaemonOptions.self, from: Node(pairs))
            return options
        } catch {
            throw StartError("The configuration file cannot be read: \(error)")
        }
    }
}

extension ConfigurationFile {
    /// Replaces `${NAME}` in a scalar. Values never become part of the file's syntax.
    private func substituted(_ node: Node) throws(StartError) -> Node {
        guard let scalar = node.scalar else { return node }
        var result = ""
        var rest = Substring(scalar.string)
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
                throw Self.error(node, "${\(name)} is not set in the environment: set it, or write the value here")
            }
            result += value
            rest = rest[rest.index(after: end)...]
        }
        return Node(result + rest, scalar.tag, scalar.style)
    }

    private static func error(_ node: Node, _ message: String) -> StartError {
        StartError("The configuration file, line \(node.mark?.line ?? 1): \(message)")
    }

    private static func check(_ node: Node, _ form: Form, path: String) throws(StartError) {
        // An empty section or value sets nothing.
        if node.isNull { return }
        switch form {
        case .section(let members): try checkSection(node, members, path: path)
        case .text:
            guard node.scalar != nil else { throw error(node, "\(path) is a text") }
        case .whole(let range):
            if node.scalar?.string.contains("${") == true { return }
            guard let value = node.int, range.contains(value) else {
                throw error(
                    node, "\(path) is a whole number from \(range.lowerBound) to \(range.upperBound)")
            }
        case .choice(let known):
            guard let value = node.scalar?.string, known.contains(value) else {
                throw error(node, "\(path) is one of: \(known.joined(separator: ", "))")
            }
        case .list:
            guard let list = node.sequence, list.allSatisfy({ $0.scalar != nil }) else {
                throw error(node, "\(path) is a list of names")
            }
        case .anything: break
        }
    }

    private static func checkSection(
        _ node: Node, _ members: [(name: String, form: Form)], path: String
    ) throws(StartError) {
        guard let mapping = node.mapping else {
            throw error(node, path.isEmpty ? "the file is a list of sections" : "\(path) is a section with names")
        }
        for (key, value) in mapping {
            let name = key.scalar?.string ?? ""
            guard let member = members.first(where: { $0.name == name }) else {
                let known = members.map(\.name).joined(separator: ", ")
                let place = path.isEmpty ? "the file" : path
                throw error(key, "\(place) has no member `\(name)`; it can have: \(known)")
            }
            try check(value, member.form, path: path.isEmpty ? name : "\(path).\(name)")
        }
    }
}

extension Node {
    fileprivate var isNull: Bool { null != nil }
}

extension ConfigurationFile.Form {
    fileprivate static let daemon = Self.section([
        ("service", .text), ("user", .text), ("token", .text), ("token_file", .text), ("state", .text),
        ("socket", .text), ("idle_exit", .whole(DaemonOptions.idleRange)),
        ("log_level", .choice(DaemonOptions.LogLevel.allCases.map(\.rawValue))),
    ])

    fileprivate static let client = Self.section([
        ("max_offline_queue", .whole(DaemonOptions.queueRange)),
        ("sync_batch_size", .whole(DaemonOptions.batchRange)),
    ])

    fileprivate static let electric = Self.section([
        ("database_url", .text),
        ("auth", .section([("mode", .choice(["secure", "insecure"])), ("jwt_secret", .text)])),
        (
            "replication",
            .section([
                ("publications", .list),
                (
                    "conflict_resolution",
                    .section([
                        ("strategy", .choice(["lww_crdt"])), ("clock_source", .choice(["hybrid_logical_clock"])),
                    ])
                ),
            ])
        ),
        ("shapes", .section([("max_shape_size", .text), ("shape_cache_ttl", .whole(0...Int(Int32.max)))])),
        ("client", client),
    ])
}

extension ConfigurationFile {
    private static let form = Form.section([("electric", .electric), ("daemon", .daemon), ("service", .anything)])
}
