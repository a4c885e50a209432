import JSONText
import SyncModel

/// Reads the members of one JSON object, and says of each that does not fit where it is and what is wanted.
struct ObjectReader {
    let path: String
    private let object: JSONObject

    /// `only`: the members that may be there; nil where others are ignored.
    init(_ value: JSON, at path: String, only members: [String]? = nil) throws(ServiceError) {
        guard case .object(let object) = value else { throw .badRequest("\(path): an object is wanted") }
        self.path = path
        self.object = object
        guard let members else { return }
        for (key, _) in object.members where !members.contains(where: { Text($0) == Text(key) }) {
            throw .badRequest(
                "\(path): member '\(key)' is unknown; known are \(members.joined(separator: ", "))")
        }
    }

    func wanted(_ what: String, _ name: String) -> ServiceError {
        .badRequest("\(path).\(name): \(what) is wanted")
    }

    /// Missing and null are the same.
    private func present(_ name: String) -> JSON? {
        guard let value = object[name], !value.isNull else { return nil }
        return value
    }

    private func required<Value>(_ value: Value?, _ what: String, _ name: String) throws(ServiceError)
        -> Value
    {
        guard let value else { throw wanted(what, name) }
        return value
    }

    func optionalText(_ name: String) throws(ServiceError) -> String? {
        guard let value = present(name) else { return nil }
        return try required(value.string, "a string", name)
    }

    func text(_ name: String) throws(ServiceError) -> String {
        try required(optionalText(name), "a string", name)
    }

    func optionalInteger(_ name: String) throws(ServiceError) -> Int64? {
        guard let value = present(name) else { return nil }
        return try required(value.int, "an integer", name)
    }

    func integer(_ name: String) throws(ServiceError) -> Int64 {
        try required(optionalInteger(name), "an integer", name)
    }

    /// An integer that fits PostgreSQL's `int4`.
    func smallInteger(_ name: String) throws(ServiceError) -> Int {
        try Int(required(Int32(exactly: integer(name)), "an integer of 32 bits", name))
    }

    func optionalBool(_ name: String) throws(ServiceError) -> Bool? {
        guard let value = present(name) else { return nil }
        return try required(value.bool, "true or false", name)
    }

    func bool(_ name: String) throws(ServiceError) -> Bool {
        try required(optionalBool(name), "true or false", name)
    }

    func array(_ name: String) throws(ServiceError) -> [JSON] {
        try required(object[name]?.array, "an array", name)
    }

    func optionalObject(_ name: String) throws(ServiceError) -> ObjectReader? {
        guard let value = present(name) else { return nil }
        return try ObjectReader(value, at: "\(path).\(name)")
    }

    func object(_ name: String) throws(ServiceError) -> ObjectReader {
        try required(optionalObject(name), "an object", name)
    }

    func objects(_ name: String) throws(ServiceError) -> [ObjectReader] {
        var objects: [ObjectReader] = []
        for (index, value) in try array(name).enumerated() {
            objects.append(try ObjectReader(value, at: "\(path).\(name)[\(index)]"))
        }
        return objects
    }

    func optionalObjects(_ name: String) throws(ServiceError) -> [ObjectReader]? {
        present(name) == nil ? nil : try objects(name)
    }

    func texts(_ name: String) throws(ServiceError) -> [String] {
        try Self.texts(array(name)) { wanted("an array of strings", name) }
    }

    func optionalTexts(_ name: String) throws(ServiceError) -> [String]? {
        present(name) == nil ? nil : try texts(name)
    }

    func textLists(_ name: String) throws(ServiceError) -> [[String]] {
        let error = { wanted("an array of arrays of strings", name) }
        var lists: [[String]] = []
        for value in try array(name) {
            guard let list = value.array else { throw error() }
            lists.append(try Self.texts(list, error))
        }
        return lists
    }

    private static func texts(
        _ values: [JSON], _ error: () -> ServiceError
    ) throws(ServiceError) -> [String] {
        var texts: [String] = []
        for value in values {
            guard let text = value.string else { throw error() }
            texts.append(text)
        }
        return texts
    }
}

extension ObjectReader {
    /// A database value: absent where the member is missing.
    func value(_ name: String) throws(ServiceError) -> Value {
        guard let json = object[name] else { return .absent }
        return try required(Value(json), "a string or null", name)
    }

    /// All members, as database values, in their order.
    func values() throws(ServiceError) -> [(String, Value)] {
        var values: [(String, Value)] = []
        values.reserveCapacity(object.count)
        for (name, json) in object.members {
            values.append((name, try required(Value(json), "a string or null", name)))
        }
        return values
    }

    func json(_ name: String) throws(ServiceError) -> JSON { try required(present(name), "a value", name) }
}

extension Value {
    fileprivate init?(_ json: JSON) {
        switch json {
        case .null: self = .null
        case .string(let text): self = .text(Text(text))
        case .bool, .int, .double, .array, .object: return nil
        }
    }
}
