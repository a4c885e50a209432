import SyncModel

/// PostgreSQL's `jsonb`: members once each, in its order (by length of the key, then bytes), numbers exact.
indirect enum JSONB: Hashable, Sendable {
    case null
    case string(Text)
    case number(Decimal)
    case bool(Bool)
    case array([JSONB])
    case object([Member])

    struct Member: Hashable, Sendable {
        let key: Text
        let value: JSONB
    }

    init?(parsing text: Text) {
        guard let tree = JSONTree.parse(text), let value = JSONB(tree, of: Array(text.string.utf8)) else { return nil }
        self = value
    }

    private init?(_ tree: JSONTree, of source: [UInt8]) {
        switch tree.content {
        case .null: self = .null
        case .bool(let value): self = .bool(value)
        case .number:
            guard let number = Decimal(String(decoding: source[tree.range], as: UTF8.self)) else { return nil }
            self = .number(number)
        case .string(let text):
            guard let text else { return nil }
            self = .string(text)
        case .array(let items):
            var values: [JSONB] = []
            for item in items {
                guard let value = JSONB(item, of: source) else { return nil }
                values.append(value)
            }
            self = .array(values)
        case .object(let members):
            var values: [Member] = []
            for member in members {
                guard let key = member.key, let value = JSONB(member.value, of: source) else { return nil }
                values.append(Member(key: key, value: value))
            }
            self = .object(Self.sorted(values))
        }
    }

    /// Of several values of one key the last stays.
    static func sorted(_ members: [Member]) -> [Member] {
        var last: [Text: Int] = [:]
        for (place, member) in members.enumerated() { last[member.key] = place }
        return members.enumerated().filter { last[$1.key] == $0 }.map(\.element).sorted { $0.key.precedesAsKey($1.key) }
    }

    var isContainer: Bool {
        switch self {
        case .array, .object: true
        case .null, .string, .number, .bool: false
        }
    }

    subscript(key: Text) -> JSONB? {
        guard case .object(let members) = self else { return nil }
        return members.first { $0.key == key }?.value
    }

    /// Negative counts from the end.
    subscript(index: Int) -> JSONB? {
        guard case .array(let items) = self else { return nil }
        let place = index < 0 ? items.count + index : index
        return items.indices.contains(place) ? items[place] : nil
    }

    /// One step of a path, as `#>` takes it.
    func step(_ name: Text) -> JSONB? {
        switch self {
        case .object: return self[name]
        case .array:
            guard let index = NumberSyntax.integer(name.string), let small = Int32(exactly: index) else { return nil }
            return self[Int(small)]
        case .null, .string, .number, .bool: return nil
        }
    }

    func has(_ key: Text) -> Bool {
        switch self {
        case .object: self[key] != nil
        case .array(let items): items.contains(.string(key))
        case .string(let text): text == key
        case .null, .number, .bool: false
        }
    }

    /// The `@>` of jsonb.
    func contains(_ other: JSONB) -> Bool {
        switch (self, other) {
        case (.array(let items), _) where !other.isContainer: items.contains(other)
        case (.object, .object), (.array, .array): deeplyContains(other)
        case (.object, _), (.array, _): false
        case (_, _): self == other
        }
    }

    private func deeplyContains(_ other: JSONB) -> Bool {
        switch (self, other) {
        case (.object, .object(let members)):
            return members.allSatisfy { member in
                guard let own = self[member.key] else { return false }
                return member.value.isContainer ? own.deeplyContains(member.value) : own == member.value
            }
        case (.array(let items), .array(let others)):
            return others.allSatisfy { other in
                items.contains { other.isContainer ? $0.deeplyContains(other) : $0 == other }
            }
        default: return false
        }
    }

    var typeName: String {
        switch self {
        case .null: "null"
        case .string: "string"
        case .number: "number"
        case .bool: "boolean"
        case .array: "array"
        case .object: "object"
        }
    }
}

extension Text {
    /// jsonb's order of keys.
    fileprivate func precedesAsKey(_ other: Text) -> Bool {
        let (own, others) = (string.utf8.count, other.string.utf8.count)
        return own == others ? self < other : own < others
    }
}

/// Order, as in `compareJsonbContainers`.
extension JSONB {
    /// Among documents of other kinds.
    var rank: Int {
        switch self {
        case .null: 0
        case .string: 1
        case .number: 2
        case .bool: 3
        case .array: 4
        case .object: 5
        }
    }

    /// Of whole documents: a scalar counts as an array of one, and is less than one such.
    func isLess(than other: JSONB) -> Bool {
        switch (self, other) {
        case (.array(let items), _) where !other.isContainer: items.isEmpty
        case (_, .array(let items)) where !isContainer: !items.isEmpty
        default: order(other) < 0
        }
    }

    /// Negative: less; positive: greater.
    private func order(_ other: JSONB) -> Int {
        switch (self, other) {
        case (.string(let left), .string(let right)): return left == right ? 0 : left < right ? -1 : 1
        case (.number(let left), .number(let right)): return left == right ? 0 : left < right ? -1 : 1
        case (.bool(let left), .bool(let right)): return left == right ? 0 : right ? -1 : 1
        case (.array(let left), .array(let right)):
            if left.count != right.count { return left.count - right.count }
            for (one, another) in zip(left, right) {
                let order = one.order(another)
                if order != 0 { return order }
            }
            return 0
        case (.object(let left), .object(let right)):
            if left.count != right.count { return left.count - right.count }
            for (one, another) in zip(left, right) {
                if one.key != another.key { return one.key < another.key ? -1 : 1 }
                let order = one.value.order(another.value)
                if order != 0 { return order }
            }
            return 0
        default: return rank - other.rank
        }
    }
}

/// Text as PostgreSQL writes it.
extension JSONB {
    var text: String {
        var bytes: [UInt8] = []
        write(to: &bytes)
        return String(decoding: bytes, as: UTF8.self)
    }

    /// What `->>` gives; nil is NULL.
    var plainText: Text? {
        switch self {
        case .null: nil
        case .string(let text): text
        case .number, .bool, .array, .object: Text(text)
        }
    }

    private func write(to bytes: inout [UInt8]) {
        switch self {
        case .null: bytes.append(contentsOf: "null".utf8)
        case .bool(let value): bytes.append(contentsOf: (value ? "true" : "false").utf8)
        case .number(let value): bytes.append(contentsOf: value.text.utf8)
        case .string(let text): Self.write(text, to: &bytes)
        case .array(let items):
            bytes.append(UInt8(ascii: "["))
            for (index, item) in items.enumerated() {
                if index > 0 { bytes.append(contentsOf: ", ".utf8) }
                item.write(to: &bytes)
            }
            bytes.append(UInt8(ascii: "]"))
        case .object(let members):
            bytes.append(UInt8(ascii: "{"))
            for (index, member) in members.enumerated() {
                if index > 0 { bytes.append(contentsOf: ", ".utf8) }
                Self.write(member.key, to: &bytes)
                bytes.append(contentsOf: ": ".utf8)
                member.value.write(to: &bytes)
            }
            bytes.append(UInt8(ascii: "}"))
        }
    }

    private static let escapes: [UInt8: String] = [
        8: "\\b", 9: "\\t", 10: "\\n", 12: "\\f", 13: "\\r", 34: "\\\"", 92: "\\\\",
    ]

    private static func write(_ text: Text, to bytes: inout [UInt8]) {
        bytes.append(UInt8(ascii: "\""))
        for byte in text.string.utf8 {
            if let escape = escapes[byte] {
                bytes.append(contentsOf: escape.utf8)
            } else if byte < 32 {
                bytes.append(contentsOf: "\\u00\(byte < 16 ? "0" : "")\(String(byte, radix: 16))".utf8)
            } else {
                bytes.append(byte)
            }
        }
        bytes.append(UInt8(ascii: "\""))
    }
}
