import JSONText

/// A mistake in the arguments, with what to write instead.
package struct UsageError: Error, Hashable, Sendable, CustomStringConvertible {
    package let description: String

    package init(_ description: String) {
        self.description = description
    }
}

/// Shape definitions, made from arguments and shown to people.
package enum DefinitionText {
    /// From `TABLE --where … --param … --include … --order-by … --limit …`, or `--definition JSON`.
    package static func make(
        table: String?, definition: String?, where conditions: [String] = [], params: [String] = [],
        include: [String] = [], orderBy: [String] = [], limit: Int? = nil
    ) throws(UsageError) -> JSON {
        switch (table, definition) {
        case (nil, nil): throw UsageError("Name a table, or give --definition JSON.")
        case (.some, .some): throw UsageError("Give a table or --definition, not both.")
        case (nil, let definition?):
            guard conditions.isEmpty, params.isEmpty, include.isEmpty, orderBy.isEmpty, limit == nil else {
                throw UsageError(
                    "--where, --param, --include, --order-by and --limit belong to a table: write them into --definition."
                )
            }
            return try object(definition, of: "--definition")
        case (let table?, nil):
            guard params.isEmpty || !conditions.isEmpty else {
                throw UsageError("--param gives a value for $1, $2 … of --where.")
            }
            var object: JSONObject = ["root_table": .string(table)]
            if !conditions.isEmpty {
                let joined = JoinedConditions(conditions)
                try joined.check()
                object["where"] = .string(joined.text)
            }
            if !params.isEmpty { object["params"] = .array(params.map(JSON.string)) }
            if !include.isEmpty {
                object["include"] = .object(JSONObject(include.map { ($0, .bool(true)) }))
            }
            if !orderBy.isEmpty { object["order_by"] = .array(orderBy.map(JSON.string)) }
            if let limit { object["limit"] = .int(Int64(limit)) }
            return .object(object)
        }
    }

    /// A shape of the data model, from `NAME` and `parameter=value …`.
    package static func named(_ name: String, _ parameters: [String]) throws(UsageError) -> JSON {
        ["name": .string(name), "parameters": .object(try self.parameters(parameters))]
    }

    package static func parameters(_ arguments: [String]) throws(UsageError) -> JSONObject {
        var object = JSONObject()
        for argument in arguments {
            guard let equals = argument.firstIndex(of: "="), equals != argument.startIndex else {
                throw UsageError("Write parameters as name=value, not `\(argument)`.")
            }
            let name = String(argument[..<equals])
            guard object[name] == nil else { throw UsageError("The parameter `\(name)` is given twice.") }
            object[name] = .string(String(argument[argument.index(after: equals)...]))
        }
        return object
    }

    /// `pipelines where team_id = 7 order by name limit 50 + steps + connections`
    package static func summary(_ definition: JSON) -> String { DefinitionSummary(definition).text }

    package static func object(_ text: String, of argument: String) throws(UsageError) -> JSON {
        let json = try value(text, of: argument)
        guard json.object != nil else { throw UsageError("\(argument) must be a JSON object.") }
        return json
    }

    package static func value(_ text: String, of argument: String) throws(UsageError) -> JSON {
        do {
            return try JSON(parsing: text)
        } catch {
            let verb = argument.hasPrefix("the ") ? "are" : "is"
            let place = JSONFault(in: text).map { "line \($0.line), column \($0.column): \($0.reason)" }
            throw UsageError("\(argument) \(verb) not JSON: \(place ?? error.description)")
        }
    }
}
