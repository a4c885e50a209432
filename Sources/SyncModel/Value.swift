/// One column's value as PostgreSQL writes it in text form, under the pinned session settings
/// (`DateStyle ISO, DMY`, `TimeZone UTC`, `IntervalStyle iso_8601`, `extra_float_digits 1`,
/// `bytea_output hex`).
///
/// Text form is the one representation that both wires carry, that loses nothing (int8 above 2^53,
/// numeric, NaN, infinity, years BC) and that needs no type to be passed on. Booleans are normalised to
/// `t` and `f`.
package enum Value: Hashable, Sendable {
    /// The value is not held here: the column is outside the selection. Not NULL.
    case absent
    case null
    case text(Text)

    package var text: Text? {
        if case .text(let text) = self { text } else { nil }
    }

    package var isNull: Bool { self == .null }
}

extension Value: ExpressibleByStringLiteral {
    package init(stringLiteral value: String) {
        self = .text(Text(value))
    }

    /// `nil` is NULL.
    package init(_ string: String?) {
        self = string.map { .text(Text($0)) } ?? .null
    }
}
