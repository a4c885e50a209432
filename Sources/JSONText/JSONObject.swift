/// The members of a JSON object in their order. Names are unique, by their bytes.
///
/// Equality ignores the order. Looking a name up is linear in the number of members: whoever reads large
/// objects walks `members`.
package struct JSONObject: Sendable {
    package private(set) var members: [(key: String, value: JSON)]

    /// From this many members on, names are compared through a hash table: quadratic work is an attack.
    private static let hashedFrom = 16

    package init() {
        members = []
    }

    /// Of members with the same name the last one wins, in the place of the first.
    package init(_ members: [(String, JSON)]) {
        self.init(untrusted: members.map { (key: $0.0, value: $0.1) })
    }

    init(untrusted members: [(key: String, value: JSON)]) {
        self.members = members
        if members.count < Self.hashedFrom { removeDuplicates() } else { removeDuplicatesHashed() }
    }

    private mutating func removeDuplicates() {
        guard hasDuplicates else { return }
        var index = 1
        while index < members.count {
            let key = members[index].key
            if let first = members[..<index].firstIndex(where: { $0.key.hasSameBytes(as: key) }) {
                members[first].value = members[index].value
                members.remove(at: index)
            } else {
                index += 1
            }
        }
    }

    private var hasDuplicates: Bool {
        members.withUnsafeBufferPointer { members in
            for index in members.indices.dropFirst() {
                for earlier in 0..<index where members[earlier].key.hasSameBytes(as: members[index].key) {
                    return true
                }
            }
            return false
        }
    }

    private mutating func removeDuplicatesHashed() {
        var places: [ByteKey: Int] = [:]
        places.reserveCapacity(members.count)
        var unique: [(key: String, value: JSON)] = []
        unique.reserveCapacity(members.count)
        for member in members {
            if let place = places.updateValue(unique.count, forKey: ByteKey(member.key)) {
                places[ByteKey(member.key)] = place
                unique[place].value = member.value
            } else {
                unique.append(member)
            }
        }
        members = unique
    }

    package var keys: [String] { members.map(\.key) }
    package var count: Int { members.count }
    package var isEmpty: Bool { members.isEmpty }

    /// Setting nil removes the member.
    package subscript(key: String) -> JSON? {
        get { index(of: key).map { members[$0].value } }
        set {
            switch (index(of: key), newValue) {
            case (let index?, let value?): members[index].value = value
            case (let index?, nil): members.remove(at: index)
            case (nil, let value?): members.append((key: key, value: value))
            case (nil, nil): break
            }
        }
    }

    private func index(of key: String) -> Int? {
        members.firstIndex { $0.key.hasSameBytes(as: key) }
    }
}

extension JSONObject: Hashable {
    package static func == (left: JSONObject, right: JSONObject) -> Bool {
        guard left.members.count == right.members.count else { return false }
        // The usual case: the same order.
        if zip(left.members, right.members).allSatisfy({
            $0.key.hasSameBytes(as: $1.key) && $0.value == $1.value
        }) {
            return true
        }
        var values: [ByteKey: JSON] = [:]
        for member in right.members { values[ByteKey(member.key)] = member.value }
        return left.members.allSatisfy { values[ByteKey($0.key)] == $0.value }
    }

    package func hash(into hasher: inout Hasher) {
        // A sum, because the order must not matter.
        var sum = 0
        for member in members {
            var one = Hasher()
            one.combine(ByteKey(member.key))
            one.combine(member.value)
            sum &+= one.finalize()
        }
        hasher.combine(members.count)
        hasher.combine(sum)
    }
}

extension JSONObject: ExpressibleByDictionaryLiteral {
    package init(dictionaryLiteral elements: (String, JSON)...) {
        self.init(elements)
    }
}
