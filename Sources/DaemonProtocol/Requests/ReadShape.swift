import JSONText

/// Reads rows, page by page. Holds the shape from then on, if it is not held.
package enum ReadShape: RequestMethod {
    package static let method = "shape/read"
    package typealias Result = ShapePage

    package struct Params: WireValue {
        package enum Source: Hashable, Sendable {
            case definition(JSON)
            case subscription(String)
        }

        package let source: Source
        package let cursor: String?
        package let limit: Int
        /// Milliseconds until the shape must be live; then it is answered as it stands. nil: at once.
        package let wait: Int?

        /// Rows of a first sync that is not whole count too.
        package let isPartial: Bool
        /// The rows say how they compare.
        package let withPlaces: Bool

        package init(
            source: Source, cursor: String? = nil, limit: Int = Limits.defaultPage, wait: Int? = nil,
            isPartial: Bool = false, withPlaces: Bool = false
        ) {
            self.source = source
            self.cursor = cursor
            self.limit = limit
            self.wait = wait
            self.isPartial = isPartial
            self.withPlaces = withPlaces
        }

        package init(json: JSON) throws(WireError) {
            var reader = try MemberReader(json)
            source = try Source(&reader)
            cursor = try reader.optional("cursor", Read.string)
            limit = try reader.optional("limit", Read.int(1...Limits.page)) ?? Limits.defaultPage
            wait = try reader.optional("wait", Read.int(0...Limits.wait))
            isPartial = try reader.optional("partial", Read.bool) ?? false
            withPlaces = try reader.optional("places", Read.bool) ?? false
            try reader.finish()
        }

        package var json: JSON {
            var object: JSONObject = [source.member: source.json]
            object["cursor"] = cursor.map(JSON.string)
            object["limit"] = .int(Int64(limit))
            object["wait"] = wait.map { .int(Int64($0)) }
            if isPartial { object["partial"] = true }
            if withPlaces { object["places"] = true }
            return .object(object)
        }
    }
}

extension ReadShape.Params.Source {
    /// One member or the other.
    init(_ reader: inout MemberReader) throws(WireError) {
        let definition = try reader.optional("definition", Read.object)
        let subscription = try reader.optional("subscription", Read.string)
        switch (definition, subscription) {
        case (let definition?, nil): self = .definition(definition)
        case (nil, let subscription?): self = .subscription(subscription)
        case (nil, nil): throw WireError(path: "definition", problem: "is missing, and so is subscription")
        case (.some, .some): throw WireError(path: "subscription", problem: "must not stand beside definition")
        }
    }

    var member: String {
        switch self {
        case .definition: "definition"
        case .subscription: "subscription"
        }
    }

    var json: JSON {
        switch self {
        case .definition(let definition): definition
        case .subscription(let subscription): .string(subscription)
        }
    }
}
