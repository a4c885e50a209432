import SyncModel

/// What `varchar(3)`, `char(5)`, `numeric(5, 2)` and `timestamp(3)` do to a value that is cast to them.
enum Modifiers {
    /// A function that brings a value into the type's limits, or why the modifiers are wrong; nil for none.
    static func function(_ modifiers: [Int], _ type: SQLType) -> (Function?, error: String?)? {
        if modifiers.isEmpty { return nil }
        let list = modifiers.map(String.init).joined(separator: ",")
        let wrong: (Function?, error: String?) = (nil, "invalid modifier (\(list)) for type \(type.readable)")
        switch (type, modifiers.count) {
        case (.varchar, 1), (.bpchar, 1):
            guard (1...10_485_760).contains(modifiers[0]) else { return wrong }
            return (text(type, modifiers[0], list), nil)
        case (.numeric, 1...2):
            let scale = modifiers.count == 2 ? modifiers[1] : 0
            guard (1...1000).contains(modifiers[0]), (-1000...1000).contains(scale) else { return wrong }
            return (numeric(modifiers[0], scale, list), nil)
        case (.timestamp, 1), (.timestamptz, 1), (.time, 1):
            guard modifiers[0] >= 0 else { return wrong }
            return (time(type, min(6, modifiers[0]), list), nil)
        default: return (nil, "a modifier (\(list)) of type \(type.readable) is not supported")
        }
    }

    /// An explicit cast cuts.
    private static func text(_ type: SQLType, _ length: Int, _ list: String) -> Function {
        Function(.cast("\(type.name)(\(list))"), [type], type) { values throws(EvaluationError) in
            guard let value = values[0]?.string else { return nil }
            var scalars = Array(value.string.unicodeScalars.prefix(length))
            if type == .bpchar {
                scalars += Array(repeating: " ", count: max(0, min(length, Texts.maxLength) - scalars.count))
            }
            var view = String.UnicodeScalarView()
            view.append(contentsOf: scalars)
            return .text(String(view))
        }
    }

    private static func numeric(_ precision: Int, _ scale: Int, _ list: String) -> Function {
        let limit = Decimal(isNegative: false, digits: [1], exponent: precision - scale + 1, scale: 0)
        return Function(.cast("numeric(\(list))"), [.numeric], .numeric) { values throws(EvaluationError) in
            guard let value = values[0]?.decimal else { return nil }
            if value.kind == .nan { return values[0] }
            let rounded = value.rounded(to: scale)
            guard rounded.isFinite, rounded.magnitude < limit else { throw EvaluationError("numeric field overflow") }
            return .numeric(rounded)
        }
    }

    private static func time(_ type: SQLType, _ digits: Int, _ list: String) -> Function {
        let unit = (0..<6 - digits).reduce(Int64(1)) { scale, _ in scale * 10 }
        let name = type == .timestamptz ? "timestamp(\(list)) with time zone" : "\(type.name)(\(list))"
        // Beyond the last timestamp too, as PostgreSQL does: a value that could not be bound, so not worked out before.
        return Function(.cast(name), [type], type, isFoldable: false) { values throws(EvaluationError) in
            guard let value = values[0] else { return nil }
            let microseconds = value.microseconds
            if type != .time, microseconds == .min || microseconds == .max { return value }
            // Away from zero where it is in the middle.
            let half = microseconds < 0 ? -(unit / 2) : unit / 2
            let rounded = (microseconds + half) / unit * unit
            return type == .time ? .time(rounded) : .timestamp(rounded)
        }
    }
}
