import Yams

/// The configuration file that service and daemon share, as a list of settings. The whole of it is checked,
/// but for `daemon`, which is that program's own.
struct ConfigurationFile {
    /// A member that is no section, with `${NAME}` replaced.
    struct Setting: Hashable {
        /// From 1.
        let line: Int
        let items: [String]

        var text: String { items.first ?? "" }
    }

    /// What may stand in a place of the file.
    enum Form: Hashable {
        case text
        case whole(ClosedRange<Int>)
        case choice([String])
        /// One name or more.
        case names
        /// Bytes, with a unit or without.
        case size
        /// `HOST:PORT`
        case address
        /// Another program's own section.
        case anything
    }

    /// By path, as `electric.auth.mode`. An empty member is as one left out.
    private(set) var settings: [String: Setting] = [:]
    private let environment: [String: String]

    init(text: String, environment: [String: String]) throws(OptionsError) {
        self.environment = environment
        let root: Node?
        do {
            root = try Yams.compose(yaml: text)
        } catch {
            throw OptionsError("The configuration file is no YAML: \(error)")
        }
        if let root { try read(root, path: "") }
    }

    private mutating func read(_ node: Node, path: String) throws(OptionsError) {
        if node.null != nil { return }
        guard let form = Self.forms.first(where: { $0.path == path })?.form else {
            return try readSection(node, path: path)
        }
        let line = node.mark?.line ?? 1
        var items: [String] = []
        switch form {
        case .anything: return
        case .names:
            guard let list = node.sequence, !list.isEmpty, list.allSatisfy({ $0.scalar != nil }) else {
                throw Self.error(line, "\(path) is a list with at least one name")
            }
            for item in list { items.append(try substituted(item)) }
        case .text, .whole, .choice, .size, .address:
            guard node.scalar != nil else { throw Self.error(line, "\(path) is one value") }
            items = [try substituted(node)]
        }
        if let wanted = Self.refusal(of: items[0], form) { throw Self.error(line, "\(path) is \(wanted)") }
        settings[path] = Setting(line: line, items: items)
    }

    private mutating func readSection(_ node: Node, path: String) throws(OptionsError) {
        let place = path.isEmpty ? "the file" : path
        guard let mapping = node.mapping else {
            throw Self.error(node.mark?.line ?? 1, "\(place) is a section with names")
        }
        let known = Self.members(of: path)
        for (key, value) in mapping {
            let name = key.scalar?.string ?? ""
            guard known.contains(name) else {
                throw Self.error(
                    key.mark?.line ?? 1,
                    "\(place) has no member `\(name)`; it can have: \(known.joined(separator: ", "))")
            }
            try read(value, path: path.isEmpty ? name : "\(path).\(name)")
        }
    }

    /// Replaces `${NAME}`. Values never become part of the file's syntax.
    private func substituted(_ node: Node) throws(OptionsError) -> String {
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
                throw Self.error(
                    node.mark?.line ?? 1,
                    "${\(name)} is not set in the environment: set it, or write the value here")
            }
            result += value
            rest = rest[rest.index(after: end)...]
        }
        return result + rest
    }

    static func error(_ line: Int, _ message: String) -> OptionsError {
        OptionsError("The configuration file, line \(line): \(message)")
    }

    /// What is wanted instead; nil where the value is one of the form. The value itself is not repeated: it may
    /// be a secret in a wrong place.
    private static func refusal(of value: String, _ form: Form) -> String? {
        switch form {
        case .anything: nil
        case .text, .names: value.isEmpty ? "not empty" : nil
        case .whole(let range):
            Int(value).map(range.contains) == true
                ? nil : "a whole number from \(range.lowerBound) to \(range.upperBound)"
        case .choice(let known): known.contains(value) ? nil : "one of: \(known.joined(separator: ", "))"
        case .size: ByteSize(value) == nil ? "a number of bytes, as 10MB, 512KB or 1048576" : nil
        case .address: ServiceOptions.Listen(value) == nil ? "HOST:PORT, as 127.0.0.1:7077" : nil
        }
    }
}

extension ConfigurationFile {
    /// Every member that is no section.
    private static let forms: [(path: String, form: Form)] = [
        ("electric.database_url", .text),
        ("electric.auth.mode", .choice(ServiceOptions.Auth.Mode.allCases.map(\.rawValue))),
        ("electric.auth.jwt_secret", .text),
        ("electric.replication.publications", .names),
        ("electric.replication.conflict_resolution.strategy", .choice(["lww_crdt"])),
        ("electric.replication.conflict_resolution.clock_source", .choice(["hybrid_logical_clock"])),
        ("electric.shapes.max_shape_size", .size),
        ("electric.shapes.shape_cache_ttl", .whole(0...Int(Int32.max))),
        ("electric.client.max_offline_queue", .whole(1...1_000_000)),
        ("electric.client.sync_batch_size", .whole(1...1_000)),
        ("service.state_directory", .text),
        ("service.listen", .address),
        ("service.slot", .text),
        ("service.data_model", .text),
        ("service.operation_connections", .whole(1...100)),
        ("service.max_shapes", .whole(1...1_000_000)),
        ("daemon", .anything),
    ]

    /// The names that a section can have, in the order of `forms`.
    private static func members(of section: String) -> [String] {
        let prefix = section.isEmpty ? "" : "\(section)."
        var names: [String] = []
        for form in forms where form.path.hasPrefix(prefix) {
            let name = form.path.dropFirst(prefix.count).prefix { $0 != "." }
            if !names.contains(String(name)) { names.append(String(name)) }
        }
        return names
    }
}

/// `512`, `512B`, `512KB`, `10MB`, `1GB`: a K is 1024, as in PostgreSQL's own settings.
struct ByteSize: Hashable {
    let bytes: Int

    init?(_ text: String) {
        let digits = text.prefix { $0.isASCII && $0.isNumber }
        let shift: Int
        switch text.dropFirst(digits.count).drop(while: { $0 == " " }).uppercased() {
        case "", "B": shift = 0
        case "KB": shift = 10
        case "MB": shift = 20
        case "GB": shift = 30
        default: return nil
        }
        guard let number = Int(digits), number > 0 else { return nil }
        let (bytes, isTooMuch) = number.multipliedReportingOverflow(by: 1 << shift)
        guard !isTooMuch else { return nil }
        self.bytes = bytes
    }
}
