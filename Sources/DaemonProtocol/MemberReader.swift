import JSONText
import SyncModel

/// Reads the members of an object by name and says which of them is wrong.
///
/// `null` stands for an absent member. `finish` refuses members that nobody asked for: parameters are read
/// with it, results (whose reader may be older than their writer) without.
struct MemberReader: ~Copyable {
    private let members: [(key: String, value: JSON)]
    private var isTaken: [Bool]

    init(_ json: JSON) throws(WireError) {
        guard let object = json.object else { throw WireError(problem: "must be an object") }
        members = object.members
        isTaken = Array(repeating: false, count: members.count)
    }

    private mutating func take(_ name: String) -> JSON? {
        guard let index = members.firstIndex(where: { $0.key.hasSameBytes(as: name) }) else { return .none }
        isTaken[index] = true
        // Not `? nil :`, which would be the literal of `JSON.null`.
        guard !members[index].value.isNull else { return .none }
        return .some(members[index].value)
    }

    mutating func optional<T>(_ name: String, _ read: (JSON) throws(WireError) -> T) throws(WireError) -> T? {
        guard let json = take(name) else { return nil }
        do throws(WireError) {
            return try read(json)
        } catch {
            throw error.inside(name)
        }
    }

    mutating func required<T>(_ name: String, _ read: (JSON) throws(WireError) -> T) throws(WireError) -> T {
        guard let value = try optional(name, read) else { throw WireError(path: name, problem: "is missing") }
        return value
    }

    func finish() throws(WireError) {
        for (index, member) in members.enumerated() where !isTaken[index] {
            // The name comes from outside: not more of it than a message needs.
            throw WireError(path: String(member.key.prefix(64)), problem: "is not known here")
        }
    }
}

/// How single values are read. Each function refuses with the kind it wanted.
enum Read {
    static func string(_ json: JSON) throws(WireError) -> String { try string(max: Limits.text)(json) }

    static func string(max: Int) -> (JSON) throws(WireError) -> String {
        { (json: JSON) throws(WireError) in
            guard let string = json.string else { throw WireError(problem: "must be a string") }
            guard string.utf8.count <= max else {
                throw WireError(problem: "must not be longer than \(max) bytes")
            }
            return string
        }
    }

    static func bool(_ json: JSON) throws(WireError) -> Bool {
        guard let bool = json.bool else { throw WireError(problem: "must be true or false") }
        return bool
    }

    static func int(_ json: JSON) throws(WireError) -> Int64 {
        guard let int = json.int else { throw WireError(problem: "must be an integer") }
        return int
    }

    static func int(_ range: ClosedRange<Int>) -> (JSON) throws(WireError) -> Int {
        { (json: JSON) throws(WireError) in
            guard let int = json.int, range.contains(Int(int)) else {
                throw WireError(problem: "must be an integer from \(range.lowerBound) to \(range.upperBound)")
            }
            return Int(int)
        }
    }

    static func number(_ json: JSON) throws(WireError) -> Double {
        guard let number = json.double else { throw WireError(problem: "must be a number") }
        return number
    }

    static func object(_ json: JSON) throws(WireError) -> JSON {
        guard json.object != nil else { throw WireError(problem: "must be an object") }
        return json
    }

    static func value<T: WireValue>(_ type: T.Type) -> (JSON) throws(WireError) -> T {
        { (json: JSON) throws(WireError) in try T(json: json) }
    }

    static func label<T: RawRepresentable & CaseIterable>(_ type: T.Type) -> (JSON) throws(WireError) -> T
    where T.RawValue == String {
        label(type, T.allCases.map(\.rawValue).joined(separator: ", "))
    }

    /// `labels` are for the message.
    static func label<T: RawRepresentable>(
        _ type: T.Type, _ labels: @autoclosure @escaping () -> String
    ) -> (JSON) throws(WireError) -> T where T.RawValue == String {
        { (json: JSON) throws(WireError) in
            guard let value = json.string.flatMap(T.init(rawValue:)) else {
                throw WireError(problem: "must be one of \(labels())")
            }
            return value
        }
    }

    static func action(_ json: JSON) throws(WireError) -> Operation.Action {
        try label(Operation.Action.self, "insert, update, upsert, delete")(json)
    }

    static func outcome(_ json: JSON) throws(WireError) -> Verdict.Outcome {
        try label(Verdict.Outcome.self, "applied, merged, conflict, rejected")(json)
    }

    static func array<T>(
        max: Int = .max, _ element: @escaping (JSON) throws(WireError) -> T
    ) -> (JSON) throws(WireError) -> [T] {
        { (json: JSON) throws(WireError) in
            guard let elements = json.array else { throw WireError(problem: "must be an array") }
            guard elements.count <= max else {
                throw WireError(problem: "must not have more than \(max) elements")
            }
            var values: [T] = []
            values.reserveCapacity(elements.count)
            for (index, json) in elements.enumerated() {
                do throws(WireError) {
                    values.append(try element(json))
                } catch {
                    throw error.inside("[\(index)]")
                }
            }
            return values
        }
    }

    /// An object whose member names are data, in their order.
    static func map<T>(
        _ element: @escaping (JSON) throws(WireError) -> T
    ) -> (JSON) throws(WireError) -> [(name: String, value: T)] {
        { (json: JSON) throws(WireError) in
            guard let object = json.object else { throw WireError(problem: "must be an object") }
            var values: [(name: String, value: T)] = []
            for member in object.members {
                do throws(WireError) {
                    values.append((name: member.key, value: try element(member.value)))
                } catch {
                    throw error.inside(String(member.key.prefix(64)))
                }
            }
            return values
        }
    }
}
