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
    case readRule
    case ruleInSubselect
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

// MARK: - At one node

extension EngineFeature {
    private static let conditions: [EngineFeature] = [
        .inSubselect, .notInSubselect, .existsCorrelated, .nestedSubselect, .timeCondition, .failingCondition,
        .ruleInSubselect,
    ]
    private static let references: [EngineFeature] = [
        .includeToMany, .includeToOne, .selfReference, .twoKeysWithOn,
    ]

    /// What cannot stand at one node with it. Each exclusion is given from one side.
    private var excluded: [EngineFeature] {
        switch self {
        case .rootCondition, .rootLimit:
            Self.references + [
                .compositeKey, .junction, .explicitOr, .childCondition, .limitPerParent, .limitBehindJunction,
            ]
        case .equalityObject: Self.conditions + [.rootCondition, .childCondition, .explicitOr]
        case .includeToMany: [.includeToOne]
        case .explicitOr: Self.references + [.compositeKey, .junction]
        case .junction, .limitBehindJunction: Self.references + [.limitPerParent, .explicitOr]
        case .includeToOne, .selfReference, .twoKeysWithOn, .compositeKey, .select, .orderBy, .limitPerParent,
            .inSubselect, .notInSubselect, .existsCorrelated, .nestedSubselect, .childCondition, .timeCondition,
            .failingCondition, .readRule, .ruleInSubselect:
            []
        // Of the whole shape.
        case .twoPaths: Self.allCases
        }
    }

    /// Those that one node can have together.
    package static let nodePairs: [Pair] = pairs.filter {
        !$0.one.excluded.contains($0.other) && !$0.other.excluded.contains($0.one)
    }
}
