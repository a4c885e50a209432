import SyncModel

/// json and jsonb.
enum Documents {
    static let infix: [Function] =
        [
            Function.infix("->", .jsonb, .text, .jsonb) { $0.document[$1.string].map { .jsonb($0) } },
            Function.infix("->", .jsonb, .int4, .jsonb) { $0.document.element($1.integer).map { .jsonb($0) } },
            Function.infix("->>", .jsonb, .text, .text) { $0.document[$1.string]?.plainText.map { .text($0) } },
            Function.infix("->>", .jsonb, .int4, .text) {
                $0.document.element($1.integer)?.plainText.map { .text($0) }
            },
            Function.infix("#>", .jsonb, .array(.text), .jsonb) { walk($0.document, $1.list).map { .jsonb($0) } },
            Function.infix("#>>", .jsonb, .array(.text), .text) {
                walk($0.document, $1.list)?.plainText.map { .text($0) }
            },
            Function.infix("@>", .jsonb, .jsonb, .bool) { .bool($0.document.contains($1.document)) },
            Function.infix("<@", .jsonb, .jsonb, .bool) { .bool($1.document.contains($0.document)) },
            Function.infix("?", .jsonb, .text, .bool) { .bool($0.document.has($1.string)) },
            Function.infix("?|", .jsonb, .array(.text), .bool) { document, keys in
                .bool(keys.list.elements.contains { $0.map { document.document.has($0.string) } == true })
            },
            Function.infix("?&", .jsonb, .array(.text), .bool) { document, keys in
                .bool(keys.list.elements.allSatisfy { $0.map { document.document.has($0.string) } != false })
            },
            Function.infix("||", .jsonb, .jsonb, .jsonb) { .jsonb(joined($0.document, $1.document)) },
            Function.infix("-", .jsonb, .text, .jsonb) { left, right throws(EvaluationError) in
                .jsonb(try without(left.document, [right.string]))
            },
            Function.infix("-", .jsonb, .array(.text), .jsonb) { left, right throws(EvaluationError) in
                .jsonb(try without(left.document, right.list.elements.compactMap { $0?.string }))
            },
            Function.infix("-", .jsonb, .int4, .jsonb) { left, right throws(EvaluationError) in
                .jsonb(try without(left.document, right.integer))
            },
        ] + textual

    static let named: [Function] = [
        Function.named("jsonb_typeof", [.jsonb], .text) { .text($0[0].document.typeName) },
        Function.named("json_typeof", [.json], .text) { values in
            JSONB(parsing: values[0].string).map { .text($0.typeName) } ?? .text(JSONPart.typeName(values[0].string))
        },
        Function.named("jsonb_array_length", [.jsonb], .int4) { values throws(EvaluationError) in
            switch values[0].document {
            case .array(let items): return .count(items.count)
            case .object: throw EvaluationError("cannot get array length of a non-array")
            case .null, .string, .number, .bool: throw EvaluationError("cannot get array length of a scalar")
            }
        },
        Function.named("json_array_length", [.json], .int4) { values throws(EvaluationError) in
            guard case .array(let items)? = JSONTree.parse(values[0].string)?.content else {
                throw EvaluationError("cannot get array length of a non-array")
            }
            return .count(items.count)
        },
    ]

    /// nil where the way ends. An empty path is the document itself.
    private static func walk(_ document: JSONB, _ path: ArrayValue) -> JSONB? {
        var place = document
        for name in path.elements {
            guard let name, let next = place.step(name.string) else { return nil }
            place = next
        }
        return place
    }

    private static func joined(_ left: JSONB, _ right: JSONB) -> JSONB {
        switch (left, right) {
        case (.object(let members), .object(let others)): .object(JSONB.sorted(members + others))
        case (.array(let items), .array(let others)): .array(items + others)
        case (.array(let items), _): .array(items + [right])
        case (_, .array(let items)): .array([left] + items)
        case (_, _): .array([left, right])
        }
    }

    private static func without(_ document: JSONB, _ keys: [Text]) throws(EvaluationError) -> JSONB {
        switch document {
        case .object(let members): return .object(members.filter { !keys.contains($0.key) })
        case .array(let items):
            return .array(items.filter { item in !keys.contains { item == .string($0) } })
        case .null, .string, .number, .bool: throw EvaluationError("cannot delete from scalar")
        }
    }

    private static func without(_ document: JSONB, _ index: Int64) throws(EvaluationError) -> JSONB {
        switch document {
        case .object: throw EvaluationError("cannot delete from object using integer index")
        case .array(var items):
            let place = index < 0 ? Int64(items.count) + index : index
            if place >= 0, place < items.count { items.remove(at: Int(place)) }
            return .array(items)
        case .null, .string, .number, .bool: throw EvaluationError("cannot delete from scalar")
        }
    }

    // MARK: json, which keeps its text

    private static let textual: [Function] = [
        Function.infix("->", .json, .text, .json) { value, key in
            JSONPart.member(value.string, key.string).map { .text($0.text) }
        },
        Function.infix("->", .json, .int4, .json) { value, index in
            JSONPart.element(value.string, index.integer).map { .text($0.text) }
        },
        Function.infix("->>", .json, .text, .text) { value, key throws(EvaluationError) in
            try JSONPart.member(value.string, key.string)?.plain()
        },
        Function.infix("->>", .json, .int4, .text) { value, index throws(EvaluationError) in
            try JSONPart.element(value.string, index.integer)?.plain()
        },
        Function.infix("#>", .json, .array(.text), .json) { value, path in
            JSONPart.walk(value.string, path.list).map { .text($0.text) }
        },
        Function.infix("#>>", .json, .array(.text), .text) { value, path throws(EvaluationError) in
            try JSONPart.walk(value.string, path.list)?.plain()
        },
    ]
}

extension JSONB {
    fileprivate func element(_ index: Int64) -> JSONB? {
        switch self {
        case .array: Int32(exactly: index).flatMap { self[Int($0)] }
        // A scalar is an array of one here.
        case .null, .string, .number, .bool: index == 0 || index == -1 ? self : nil
        case .object: nil
        }
    }
}

/// A part of a json document: its tree, and its own text.
private struct JSONPart {
    let tree: JSONTree
    let source: Text

    var text: Text { JSONTree.text(tree.range, of: source) }

    static func typeName(_ source: Text) -> String {
        switch JSONTree.parse(source)?.content {
        case .array: "array"
        case .object: "object"
        case .string: "string"
        case .number: "number"
        case .bool: "boolean"
        case .null, nil: "null"
        }
    }

    static func member(_ source: Text, _ key: Text) -> JSONPart? {
        JSONTree.parse(source).flatMap { JSONPart(tree: $0, source: source).member(key) }
    }

    static func element(_ source: Text, _ index: Int64) -> JSONPart? {
        JSONTree.parse(source).flatMap { JSONPart(tree: $0, source: source).element(index) }
    }

    static func walk(_ source: Text, _ path: ArrayValue) -> JSONPart? {
        var place = JSONTree.parse(source).map { JSONPart(tree: $0, source: source) }
        for name in path.elements {
            guard let name, let current = place else { return nil }
            if case .array = current.tree.content {
                guard let index = NumberSyntax.integer(name.string.string), Int32(exactly: index) != nil else {
                    return nil
                }
                place = current.element(index)
            } else {
                place = current.member(name.string)
            }
        }
        return place
    }

    /// Of several members of one name the last.
    private func member(_ key: Text) -> JSONPart? {
        guard case .object(let members) = tree.content else { return nil }
        return members.last { $0.key == key }.map { JSONPart(tree: $0.value, source: source) }
    }

    private func element(_ index: Int64) -> JSONPart? {
        guard case .array(let items) = tree.content else { return nil }
        let place = index < 0 ? Int64(items.count) + index : index
        guard place >= 0, place < items.count else { return nil }
        return JSONPart(tree: items[Int(place)], source: source)
    }

    func plain() throws(EvaluationError) -> Scalar? {
        switch tree.content {
        case .null: return nil
        case .string(let value):
            guard let value else { throw EvaluationError("unsupported Unicode escape sequence") }
            return .text(value)
        case .number, .bool, .array, .object: return .text(text)
        }
    }
}
