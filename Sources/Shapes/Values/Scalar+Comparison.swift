import SyncModel

extension Scalar {
    /// The value in the form that compares with others of that form.
    func key(_ form: ComparisonForm) -> Scalar {
        switch (form, self) {
        case (.padded, .text(let text)): .text(text.withoutTrailingSpaces)
        case (.timestamp, .date(let days)): .timestamp(TimeSyntax.timestamp(ofDate: days))
        case (.same, _), (.timestamp, _), (.padded, _): self
        }
    }

    /// MUST be of types whose form is `form`.
    func compares(_ comparison: Comparison, _ other: Scalar, _ form: ComparisonForm) -> Bool {
        let left = key(form)
        let right = other.key(form)
        switch comparison {
        case .equal: return left == right
        case .notEqual: return left != right
        case .less: return left.isLess(than: right)
        case .lessOrEqual: return !right.isLess(than: left)
        case .greater: return right.isLess(than: left)
        case .greaterOrEqual: return !left.isLess(than: right)
        }
    }

    /// MUST be of one kind: the checker pairs no others.
    func isLess(than other: Scalar) -> Bool {
        switch self {
        case .bool(let value): return !value && other.boolean
        case .integer(let value): return value < other.integer
        case .float(let value): return value < FloatValue(other.float)
        case .numeric(let value): return value < other.decimal
        case .text(let value): return value < other.string
        case .uuid(let high, let low):
            guard case .uuid(let otherHigh, let otherLow) = other else { return false }
            return (high, low) < (otherHigh, otherLow)
        case .bytes(let value): return value.lexicographicallyPrecedes(other.byteString)
        case .date(let value), .time(let value), .timestamp(let value): return value < other.microseconds
        case .interval(let value): return value < other.span
        case .jsonb(let value): return value.isLess(than: other.document)
        case .label(let value):
            guard case .label(let otherValue) = other else { return false }
            return value < otherValue
        case .array(let value): return value.isLess(than: other.list)
        }
    }
}
