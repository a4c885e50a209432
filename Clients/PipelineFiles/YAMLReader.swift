import SyncModel
import Yams

/// A member of a mapping, merges (`<<`) resolved.
struct YAMLMember {
    let key: Text
    let line: Int
    let value: Node
}

/// Turns YAML into `DataTree`s, within limits, and says the line of what has no equivalent.
struct YAMLReader {
    private var valuesLeft = DataLimits.values

    /// The root of a file with one document. Plain scalars come unresolved: `YAMLScalar` decides.
    static func root(of text: String) throws(PipelineFileError) -> Node {
        let content = text.unicodeScalars.first == "\u{feff}" ? String(text.unicodeScalars.dropFirst()) : text
        do {
            guard let root = try Parser(yaml: content, resolver: .basic, encoding: .utf8).singleRoot() else {
                throw PipelineFileError(line: 1, "the file is empty")
            }
            return root
        } catch let error as PipelineFileError {
            throw error
        } catch let error as YamlError {
            throw PipelineFileError(error)
        } catch {
            throw PipelineFileError("this is no YAML: \(error)")
        }
    }

    mutating func tree(_ node: Node, depth: Int = 0) throws(PipelineFileError) -> DataTree {
        try count(node, depth: depth)
        switch node {
        case .scalar(let scalar): return try Self.value(scalar)
        case .sequence(let sequence):
            try Self.check(tag: sequence.tag, allowed: "seq", line: node.line)
            var elements: [DataTree] = []
            for element in sequence { elements.append(try tree(element, depth: depth + 1)) }
            return .list(elements)
        case .mapping(let mapping):
            var members: [Text: DataTree] = [:]
            for member in try self.members(mapping, depth: depth) {
                members[member.key] = try tree(member.value, depth: depth + 1)
            }
            return .map(members)
        case .alias: throw PipelineFileError(line: node.line, "an alias names no anchor")
        }
    }

    private mutating func count(_ node: Node, depth: Int) throws(PipelineFileError) {
        valuesLeft -= 1
        guard valuesLeft >= 0 else {
            throw PipelineFileError(line: node.line, "the file has more than \(DataLimits.values) values")
        }
        guard depth <= DataLimits.depth else {
            throw PipelineFileError(
                line: node.line, "the file is nested deeper than \(DataLimits.depth) levels")
        }
    }

    /// In the order of the file; the mapping's own members win over merged ones, earlier merges over later
    /// ones.
    mutating func members(_ mapping: Node.Mapping, depth: Int) throws(PipelineFileError) -> [YAMLMember] {
        try Self.check(tag: mapping.tag, allowed: "map", line: mapping.mark?.line)
        var own: [YAMLMember] = []
        var merged: [YAMLMember] = []
        for (key, value) in mapping {
            try count(key, depth: depth)
            if case .scalar(let scalar) = key, scalar.string == "<<", scalar.style == .plain {
                merged += try self.merged(value, depth: depth + 1)
                continue
            }
            let text = try self.key(key, depth: depth + 1)
            own.append(YAMLMember(key: text, line: key.line, value: value))
        }
        var seen = Set(own.map(\.key))
        return own + merged.filter { seen.insert($0.key).inserted }
    }

    private mutating func key(_ node: Node, depth: Int) throws(PipelineFileError) -> Text {
        // The parser has compared the keys, and thereby given untagged ones the tag of text: only their style
        // tells.
        if case .scalar(let scalar) = node, scalar.style == .plain,
            YAMLScalar.value(plain: scalar.string)?.text == nil
        {
            throw PipelineFileError(line: node.line, "a key must be text: put \(scalar.string) in quotes")
        }
        guard let text = try tree(node, depth: depth).text else {
            throw PipelineFileError(line: node.line, "a key must be text, no list or mapping")
        }
        return text
    }

    private mutating func merged(_ value: Node, depth: Int) throws(PipelineFileError) -> [YAMLMember] {
        try count(value, depth: depth)
        switch value {
        case .mapping(let mapping): return try members(mapping, depth: depth)
        case .sequence(let sequence):
            var all: [YAMLMember] = []
            for element in sequence {
                guard case .mapping(let mapping) = element else {
                    throw PipelineFileError(line: element.line, "`<<` takes mappings")
                }
                all += try members(mapping, depth: depth + 1)
            }
            return all
        case .scalar, .alias:
            throw PipelineFileError(line: value.line, "`<<` takes a mapping or a list of them")
        }
    }

    private static func value(_ scalar: Node.Scalar) throws(PipelineFileError) -> DataTree {
        let line = scalar.mark?.line
        guard !scalar.string.unicodeScalars.contains("\u{0}") else {
            throw PipelineFileError(line: line, "text with a NUL character cannot be stored: take it out")
        }
        let resolved = YAMLScalar.value(plain: scalar.string)
        switch scalar.tag.description {
        case "" where scalar.style == .plain:
            guard let resolved else {
                throw PipelineFileError(
                    line: line,
                    "\(scalar.string) cannot be stored as JSON: put it in quotes, or take a number")
            }
            return resolved
        case "", "!", standard + "str": return .text(Text(scalar.string))
        case standard + "null": return .null
        case standard + "bool", standard + "int", standard + "float":
            guard let resolved, resolved.text == nil, resolved != .null else {
                throw PipelineFileError(line: line, "`\(scalar.string)` does not fit its tag")
            }
            return resolved
        default: throw unknownTag(scalar.tag, line: line)
        }
    }

    private static let standard = "tag:yaml.org,2002:"

    private static func check(tag: Tag, allowed: String, line: Int?) throws(PipelineFileError) {
        guard ["", "!", standard + allowed].contains(tag.description) else {
            throw unknownTag(tag, line: line)
        }
    }

    private static func unknownTag(_ tag: Tag, line: Int?) -> PipelineFileError {
        PipelineFileError(line: line, "the tag \(tag.description) has no equivalent in JSON: take it out")
    }
}

extension DataTree {
    /// Reads a file with one YAML document.
    package init(yaml text: String) throws(PipelineFileError) {
        var reader = YAMLReader()
        self = try reader.tree(try YAMLReader.root(of: text))
    }
}

extension Node {
    /// From 1.
    var line: Int { mark?.line ?? 1 }
}

extension PipelineFileError {
    fileprivate init(_ error: YamlError) {
        switch error {
        case .scanner(_, let problem, let mark, _), .parser(_, let problem, let mark, _),
            .composer(_, let problem, let mark, _):
            self.init(line: mark.line, "broken YAML: \(problem)")
        case .reader(let problem, let offset, _, let yaml):
            let line = offset.map { 1 + yaml.prefix($0).count { $0.isNewline } }
            self.init(line: line, "broken YAML: \(problem)")
        case .duplicatedKeysInMapping(let duplicates, let context):
            let keys = duplicates.joined(separator: ", ")
            self.init(line: context.mark.line, "broken YAML: the key \(keys) stands twice in one mapping")
        case .dataCouldNotBeDecoded: self.init("the file is not UTF-8")
        case .no, .memory, .writer, .emitter, .representer: self.init("this is no YAML: \(error)")
        }
    }
}
