/// What a shape of the engine's layer can have. Any two can stand in one shape.
package enum EngineFeature: String, CaseIterable, Hashable, Sendable {
    case rootCondition
    case equalityObject
    case includeToMany
    case includeToOne
    case selfReference
    case twoKeysWithOn
    case compositeKey
    case junction
    case explicitOr
    case select
    case orderBy
    case rootLimit
    case limitPerParent
    case limitBehindJunction
    case inSubselect
    case notInSubselect
    case existsCorrelated
    case nestedSubselect
    case childCondition
    case timeCondition
    case failingCondition
    case twoPaths

    /// Two features in one shape, the lesser first.
    package struct Pair: Hashable, Sendable {
        package let one: EngineFeature
        package let other: EngineFeature
    }

    package static let pairs: [Pair] = allCases.indices.flatMap { one in
        allCases[(one + 1)...].map { Pair(one: allCases[one], other: $0) }
    }

    static func pairs(in features: Set<EngineFeature>) -> Set<Pair> {
        Set(pairs.filter { features.contains($0.one) && features.contains($0.other) })
    }
}
