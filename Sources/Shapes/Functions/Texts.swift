import SyncModel

/// Functions of text and bytea. Positions and lengths count characters (Unicode scalars) of text, bytes of bytea.
enum Texts {
    /// What a function makes at most: rows multiply, and a shape has many.
    static let maxLength = 1 << 20

    static let infix: [Function] =
        [
            Function.infix("||", .text, .text, .text) { left, right throws(EvaluationError) in
                try limited(left.string.string + right.string.string)
            },
            Function.infix("||", .bytea, .bytea, .bytea) { .bytes($0.byteString + $1.byteString) },
            Function.infix("^@", .text, .text, .bool) {
                .bool($0.string.string.utf8.starts(with: $1.string.string.utf8))
            },
        ] + [.text, .bpchar].flatMap { patterns($0) }

    private static func patterns(_ type: SQLType) -> [Function] {
        Pattern.symbols.map { symbol in
            Function.infix(symbol, type, .text, .bool) { value, pattern throws(EvaluationError) in
                .bool(try Pattern(symbol, pattern.string).matches(value.string))
            }
        }
    }

    private static let tooLong = EvaluationError("a text made in a condition is at most \(maxLength) bytes long")

    private static func limited(_ text: String) throws(EvaluationError) -> Scalar {
        guard text.utf8.count <= maxLength else { throw tooLong }
        return .text(text)
    }

    private static func scalars(_ value: Scalar) -> [Unicode.Scalar] { Array(value.string.string.unicodeScalars) }

    private static func text<Scalars: Sequence<Unicode.Scalar>>(_ scalars: Scalars) -> Scalar {
        var view = String.UnicodeScalarView()
        view.append(contentsOf: scalars)
        return .text(String(view))
    }

    static let named: [Function] = lengths + parts + trims + searches + joins + codes

    // MARK: Length and case

    private static let lengths: [Function] =
        [
            Function.named("lower", [.text], .text) { .text(CaseMapping.lowercased($0[0].string.string)) },
            Function.named("upper", [.text], .text) { .text(CaseMapping.uppercased($0[0].string.string)) },
            Function.named("octet_length", [.text], .int4) { .count($0[0].string.string.utf8.count) },
            Function.named("octet_length", [.bpchar], .int4) { .count($0[0].string.string.utf8.count) },
            Function.named("octet_length", [.bytea], .int4) { .count($0[0].byteString.count) },
            Function.named("length", [.bytea], .int4) { .count($0[0].byteString.count) },
        ]
        + ["length", "char_length", "character_length"].flatMap { name in
            [
                Function.named(name, [.text], .int4) { .count($0[0].string.string.unicodeScalars.count) },
                Function.named(name, [.bpchar], .int4) {
                    .count($0[0].string.withoutTrailingSpaces.string.unicodeScalars.count)
                },
            ]
        }

    // MARK: Parts

    private static let parts: [Function] =
        ["substr", "substring"].flatMap { name in
            [
                Function.named(name, [.text, .int4], .text) { text(scalars($0[0]).part(from: $0[1].integer)) },
                Function.named(name, [.text, .int4, .int4], .text) { values throws(EvaluationError) in
                    let range = try part(values)
                    return text(scalars(values[0]).part(from: range.start, to: range.end))
                },
                Function.named(name, [.bytea, .int4], .bytea) { .bytes($0[0].byteString.part(from: $0[1].integer)) },
                Function.named(name, [.bytea, .int4, .int4], .bytea) { values throws(EvaluationError) in
                    let range = try part(values)
                    return .bytes(values[0].byteString.part(from: range.start, to: range.end))
                },
            ]
        }
        + [
            .refused(.call("substring"), [.text, .text], "substring(text from pattern): use LIKE or ~"),
            .refused(
                .call("substring"), [.text, .text, .text], "substring(text from pattern for escape): use LIKE or ~"),
            Function.named("left", [.text, .int4], .text) { values in
                let all = scalars(values[0])
                let count = values[1].integer
                return text(
                    all.prefix(Int(max(0, count < 0 ? Int64(all.count) + count : min(count, Int64(all.count))))))
            },
            Function.named("right", [.text, .int4], .text) { values in
                let all = scalars(values[0])
                let count = values[1].integer
                // PostgreSQL negates it, and it stays what it is.
                if count == Int64(Int32.min) { return values[0] }
                return text(
                    all.suffix(Int(max(0, count < 0 ? Int64(all.count) + count : min(count, Int64(all.count))))))
            },
            Function.named("split_part", [.text, .text, .int4], .text) { values throws(EvaluationError) in
                try splitPart(values)
            },
            Function.named("reverse", [.text], .text) { text(scalars($0[0]).reversed()) },
        ]

    /// First and one past last, from 1.
    private static func part(_ values: [Scalar]) throws(EvaluationError) -> (start: Int64, end: Int64) {
        guard values[2].integer >= 0 else { throw EvaluationError("negative substring length not allowed") }
        return (values[1].integer, values[1].integer + values[2].integer)
    }

    private static func splitPart(_ values: [Scalar]) throws(EvaluationError) -> Scalar {
        let number = values[2].integer
        guard number != 0 else { throw EvaluationError("field position must not be zero") }
        let (text, separator) = (Array(values[0].string.string.utf8), Array(values[1].string.string.utf8))
        if text.isEmpty { return .text("") }
        if separator.isEmpty { return number == 1 || number == -1 ? values[0] : .text("") }
        let parts = text.split(by: separator)
        let place = number > 0 ? number - 1 : Int64(parts.count) + number
        guard place >= 0, place < parts.count else { return .text("") }
        return .text(String(decoding: parts[Int(place)], as: UTF8.self))
    }

    // MARK: Trimming and padding

    private static let trims: [Function] =
        [("btrim", true, true), ("ltrim", true, false), ("rtrim", false, true)].flatMap { name, left, right in
            [
                Function.named(name, [.text], .text) { text(scalars($0[0]).trimmed([" "], left: left, right: right)) },
                Function.named(name, [.text, .text], .text) {
                    text(scalars($0[0]).trimmed(Set(scalars($0[1])), left: left, right: right))
                },
            ]
        }
        + [("lpad", true), ("rpad", false)].flatMap { name, isLeft in
            [
                Function.named(name, [.text, .int4], .text) { values throws(EvaluationError) in
                    try padded(values[0], values[1].integer, with: [" "], isLeft: isLeft)
                },
                Function.named(name, [.text, .int4, .text], .text) { values throws(EvaluationError) in
                    try padded(values[0], values[1].integer, with: scalars(values[2]), isLeft: isLeft)
                },
            ]
        }
        + [
            Function.named("repeat", [.text, .int4], .text) { values throws(EvaluationError) in
                let count = max(0, values[1].integer)
                let (length, overflow) = Int64(values[0].string.string.utf8.count).multipliedReportingOverflow(
                    by: count)
                guard !overflow, length <= maxLength else { throw tooLong }
                return .text(String(repeating: values[0].string.string, count: length == 0 ? 0 : Int(count)))
            }
        ]

    private static func padded(
        _ value: Scalar, _ length: Int64, with fill: [Unicode.Scalar], isLeft: Bool
    ) throws(EvaluationError) -> Scalar {
        guard length <= maxLength / 4 else { throw tooLong }
        let all = scalars(value)
        let missing = Int(max(0, length)) - all.count
        guard missing > 0, !fill.isEmpty else { return text(all.prefix(Int(max(0, length)))) }
        let padding = (0..<missing).map { fill[$0 % fill.count] }
        return text(isLeft ? padding + all : all + padding)
    }

    // MARK: Searching

    private static let searches: [Function] =
        ["strpos", "position"].map { name in
            Function.named(name, [.text, .text], .int4) { values in
                let bytes = Array(values[0].string.string.utf8)
                guard let place = bytes.firstIndex(of: Array(values[1].string.string.utf8), from: 0) else {
                    return .integer(0)
                }
                return .count(bytes[..<place].count { $0 & 0xc0 != 0x80 } + 1)
            }
        }
        + [
            Function.named("position", [.bytea, .bytea], .int4) { values in
                .count(values[0].byteString.firstIndex(of: values[1].byteString, from: 0).map { $0 + 1 } ?? 0)
            },
            Function.named("starts_with", [.text, .text], .bool) {
                .bool($0[0].string.string.utf8.starts(with: $0[1].string.string.utf8))
            },
            Function.named("replace", [.text, .text, .text], .text) { values throws(EvaluationError) in
                let parts = Array(values[0].string.string.utf8).split(by: Array(values[1].string.string.utf8))
                let joined = parts.joined(separator: Array(values[2].string.string.utf8))
                return try limited(String(decoding: Array(joined), as: UTF8.self))
            },
            Function.named("translate", [.text, .text, .text], .text) { values in
                let (from, to) = (scalars(values[1]), scalars(values[2]))
                return text(
                    scalars(values[0]).compactMap { scalar -> Unicode.Scalar? in
                        guard let place = from.firstIndex(of: scalar) else { return scalar }
                        return place < to.count ? to[place] : nil
                    })
            },
            Function.named("like_escape", [.text, .text], .text) { values throws(EvaluationError) in
                try LikePattern.escaped(values[0].string, by: values[1].string)
            },
        ]
        + [("like", "~~"), ("notlike", "!~~")].map { name, symbol in
            Function.named(name, [.text, .text], .bool) { values throws(EvaluationError) in
                .bool(try Pattern(symbol, values[1].string).matches(values[0].string))
            }
        }

    // MARK: Joining

    /// Arguments of any type are brought to text by the checker.
    private static let joins: [Function] = [
        Function(.call("concat"), [.text], .text, isStrict: false, isFoldable: false, isVariadic: true) {
            values throws(EvaluationError) in
            try limited(values.compactMap { $0?.string.string }.joined())
        },
        Function(.call("concat_ws"), [.text, .text], .text, isStrict: false, isFoldable: false, isVariadic: true) {
            values throws(EvaluationError) in
            guard let separator = values[0] else { return nil }
            return try limited(
                values.dropFirst().compactMap { $0?.string.string }.joined(separator: separator.string.string))
        },
    ]

    private static let codes: [Function] = [
        Function.named("ascii", [.text], .int4) { .integer(Int64(scalars($0[0]).first?.value ?? 0)) },
        Function.named("chr", [.int4], .text) { values throws(EvaluationError) in
            let code = values[0].integer
            guard code != 0 else { throw EvaluationError("null character not permitted") }
            guard code > 0, let value = UInt32(exactly: code), let scalar = Unicode.Scalar(value) else {
                throw EvaluationError("requested character too large for encoding: \(code)")
            }
            return text([scalar])
        },
    ]
}

extension Array {
    /// From a position that counts from 1, and may be before the beginning.
    fileprivate func part(from start: Int64) -> [Element] { part(from: start, to: Int64(count) + 1) }

    fileprivate func part(from start: Int64, to end: Int64) -> [Element] {
        let first = Swift.max(start, 1)
        let last = Swift.min(end, Int64(count) + 1)
        return first < last ? Array(self[Int(first) - 1..<Int(last) - 1]) : []
    }
}

extension Array where Element == Unicode.Scalar {
    fileprivate func trimmed(_ characters: Set<Unicode.Scalar>, left: Bool, right: Bool) -> ArraySlice<Element> {
        var slice = self[...]
        while left, let first = slice.first, characters.contains(first) { slice.removeFirst() }
        while right, let last = slice.last, characters.contains(last) { slice.removeLast() }
        return slice
    }
}

extension Array where Element == UInt8 {
    fileprivate func firstIndex(of part: [UInt8], from start: Int) -> Int? {
        guard !part.isEmpty else { return start }
        guard count >= part.count, start <= count - part.count else { return nil }
        return (start...count - part.count).first { place in
            self[place] == part[0] && self[place..<place + part.count].elementsEqual(part)
        }
    }

    /// Whole for an empty separator.
    fileprivate func split(by separator: [UInt8]) -> [ArraySlice<UInt8>] {
        guard !separator.isEmpty else { return [self[...]] }
        var parts: [ArraySlice<UInt8>] = []
        var start = 0
        while let place = firstIndex(of: separator, from: start) {
            parts.append(self[start..<place])
            start = place + separator.count
        }
        return parts + [self[start...]]
    }
}
