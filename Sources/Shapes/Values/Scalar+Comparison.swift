import SyncModel

extension Scalar {
    /// The value in the form that compares with others of that form.
    func key(_ form: ComparisonForm) throws(EvaluationError) -> Scalar {
        switch (form, self) {
        case (.padded, .text(let text)): return .text(text.withoutTrailingSpaces)
        case (.numeric, .integer(let value)): return .numeric(Decimal(value))
        case (.float, .integer(let value)): return .float(FloatValue(Double(value)))
        case (.float, .numeric): return try converted(from: .numeric, to: .float8)
        case (.timestamp, .date(let days)): return .timestamp(TimeSyntax.timestamp(ofDate: days))
        case (.same, _), (.integer, _), (.numeric, _), (.float, _), (.timestamp, _), (.padded, _): return self
        }
    }

    /// MUST be of types whose form is `form`.
    func compares(_ comparison: Comparison, _ other: Scalar, _ form: ComparisonForm) throws(EvaluationError) -> Bool {
        let left = try key(form)
        let right = try other.key(form)
        switch comparison {
        case .equal: return left == right
        case .notEqual: return left != right
        case .less: return left.isLess(than: right)
        case .lessOrEqual: return !right.isLess(than: left)
        case .greater: return right.isLess(than: left)
        case .greaterOrEqual: return !left.isLess(than: right)
        }
    }

    /// False for values of different kinds, which the checker never pairs.
    private func isLess(than other: Scalar) -> Bool {
        switch (self, other) {
        case (.bool(let left), .bool(let right)): !left && right
        case (.integer(let left), .integer(let right)): left < right
        case (.float(let left), .float(let right)): left < right
        case (.numeric(let left), .numeric(let right)): left < right
        case (.text(let left), .text(let right)): left < right
        case (.uuid(let high, let low), .uuid(let otherHigh, let otherLow)): (high, low) < (otherHigh, otherLow)
        case (.date(let left), .date(let right)): left < right
        case (.timestamp(let left), .timestamp(let right)): left < right
        case (.label(let left), .label(let right)): left < right
        case (.bool, _), (.integer, _), (.float, _), (.numeric, _), (.text, _), (.uuid, _), (.date, _), (.timestamp, _),
            (.label, _):
            false
        }
    }
}
