import JSONText

/// The queue, oldest first, page by page.
package enum ListOperations: RequestMethod {
    package static let method = "operation/list"

    package struct Params: WireValue {
        /// nil: all.
        package let states: [OperationState]?
        package let limit: Int
        package let cursor: String?

        package init(states: [OperationState]? = nil, limit: Int = Limits.defaultPage, cursor: String? = nil) {
            self.states = states
            self.limit = limit
            self.cursor = cursor
        }

        package init(json: JSON) throws(WireError) {
            var reader = try MemberReader(json)
            states = try reader.optional("states", Read.array(max: 100, Read.label(OperationState.self)))
            limit = try reader.optional("limit", Read.int(1...Limits.page)) ?? Limits.defaultPage
            cursor = try reader.optional("cursor", Read.string)
            try reader.finish()
        }

        package var json: JSON {
            var object: JSONObject = [:]
            object["states"] = states.map { .array($0.map { .string($0.rawValue) }) }
            object["limit"] = .int(Int64(limit))
            object["cursor"] = cursor.map(JSON.string)
            return .object(object)
        }
    }

    /// How many operations are in a state.
    package struct Count: Hashable, Sendable {
        package let state: OperationState
        package let count: Int64

        package init(_ state: OperationState, _ count: Int64) {
            self.state = state
            self.count = count
        }
    }

    package struct Result: WireValue {
        package let operations: [OperationSummary]
        /// Of the whole queue, whatever was asked for.
        package let counts: [Count]
        package let next: String?

        package init(operations: [OperationSummary], counts: [Count], next: String? = nil) {
            self.operations = operations
            self.counts = counts
            self.next = next
        }

        package init(json: JSON) throws(WireError) {
            var reader = try MemberReader(json)
            operations = try reader.required("operations", Read.array(Read.value(OperationSummary.self)))
            // A state that this reader does not know is left out.
            counts = try reader.required("counts", Read.map(Read.int))
                .compactMap { count in OperationState(rawValue: count.name).map { Count($0, count.value) } }
            next = try reader.optional("next", Read.string)
        }

        package var json: JSON {
            var object: JSONObject = [
                "operations": .array(operations.map(\.json)),
                "counts": .object(JSONObject(counts.map { ($0.state.rawValue, .int($0.count)) })),
            ]
            object["next"] = next.map(JSON.string)
            return .object(object)
        }
    }
}
