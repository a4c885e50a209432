import SyncModel

/// What a condition needs to know beside the row itself.
package struct EvaluationContext: Sendable {
    /// The value of `NOW()`, in microseconds since 2000-01-01 00:00 UTC; nil where it is not known.
    package var now: Int64?
    /// The row around: an include's parent. nil where there is none, or it is not known.
    package var outer: Row?
    /// Answers for the sub-selects of the predicate that is evaluated.
    package var subselects: any SubselectSource

    package init(now: Int64? = nil, outer: Row? = nil, subselects: any SubselectSource = UnknownSubselects()) {
        self.now = now
        self.outer = outer
        self.subselects = subselects
    }

    /// In PostgreSQL's words.
    package static func text(ofNow now: Int64) -> Text { Scalar.timestamp(now).text(as: .timestamptz) }
}

/// Answers for the sub-selects of one predicate. A predicate inside a sub-select has its own.
package protocol SubselectSource: Sendable {
    /// - Parameter index: the place in `Predicate.subselects`.
    func truth(of index: Int, _ probe: SubselectProbe) -> Truth

    /// How many different members may decide for the probe: those of its group. nil where it is not known.
    func memberCount(of index: Int, _ probe: SubselectProbe) -> Int?
}

/// Of a device that does not hold the tables.
package struct UnknownSubselects: SubselectSource {
    package init() {}

    package func truth(of index: Int, _ probe: SubselectProbe) -> Truth { .undecidable }

    package func memberCount(of index: Int, _ probe: SubselectProbe) -> Int? { nil }
}
