import SyncModel

/// A value that both YAML and jsonb can hold, without loss.
///
/// Numbers keep their digits: `JSON` of `JSONText` holds `Int64` and `Double`, which would round what a file
/// or PostgreSQL's numeric says. Text and member names are equal by their bytes.
package indirect enum DataTree: Hashable, Sendable {
    case null
    case bool(Bool)
    case number(DataNumber)
    case text(Text)
    case list([DataTree])
    case map([Text: DataTree])

    package static let emptyMap = DataTree.map([:])
}

extension DataTree {
    package var text: Text? {
        if case .text(let text) = self { text } else { nil }
    }

    package var list: [DataTree]? {
        if case .list(let elements) = self { elements } else { nil }
    }

    package var map: [Text: DataTree]? {
        if case .map(let members) = self { members } else { nil }
    }

    package subscript(key: Text) -> DataTree? { map?[key] }

    /// Every element, where all of them are text.
    package var texts: [Text]? {
        guard let list else { return nil }
        let texts = list.compactMap(\.text)
        return texts.count == list.count ? texts : nil
    }
}

extension DataTree: ExpressibleByStringLiteral, ExpressibleByBooleanLiteral, ExpressibleByIntegerLiteral,
    ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral
{
    package init(stringLiteral value: String) { self = .text(Text(value)) }
    package init(booleanLiteral value: Bool) { self = .bool(value) }
    package init(integerLiteral value: Int) { self = .number(DataNumber(value)) }
    package init(arrayLiteral elements: DataTree...) { self = .list(elements) }

    /// Of members with the same name the last one wins.
    package init(dictionaryLiteral elements: (Text, DataTree)...) {
        self = .map(Dictionary(elements) { $1 })
    }
}

/// What is put up with in a file or a jsonb value.
package enum DataLimits {
    /// Lists and maps inside each other: the walks are recursive.
    package static let depth = 100
    /// Values of one file, aliases counted each time: a few lines of aliases can stand for billions of
    /// values.
    package static let values = 500_000
    /// Bytes of one file.
    package static let fileBytes = 4 << 20
}
