import DaemonProtocol
import JSONText

/// Reads the operations of `satchel submit`.
package enum OperationArguments {
    /// An operation, an array of them, or `{"operations": […]}`. Values may be JSON of any kind: numbers,
    /// booleans, objects and arrays are given PostgreSQL's text form.
    package static func operations(_ text: String) throws(UsageError) -> [SubmittedOperation] {
        let json = try DefinitionText.value(text, of: "the operations")
        let elements = json["operations"]?.array ?? json.array ?? [json]
        guard !elements.isEmpty else { throw UsageError("There is no operation to submit.") }
        var operations: [SubmittedOperation] = []
        for (index, element) in elements.enumerated() {
            guard element.object != nil else {
                throw UsageError(
                    "operation \(index + 1) is no JSON object: write {\"table\": …, \"op\": …, \"key\": {…}, \"set\": {…}}, "
                        + "or an array of such.")
            }
            do throws(WireError) {
                operations.append(try SubmittedOperation(json: withTexts(element)))
            } catch {
                throw UsageError("operation \(index + 1): \(error)")
            }
        }
        return operations
    }

    private static func withTexts(_ operation: JSON) -> JSON {
        guard var object = operation.object else { return operation }
        for member in ["key", "set"] {
            guard let values = object[member]?.object else { continue }
            object[member] = .object(JSONObject(values.members.map { ($0.key, text($0.value)) }))
        }
        return .object(object)
    }

    private static func text(_ value: JSON) -> JSON {
        switch value {
        case .null, .string: value
        case .bool(let bool): .string(bool ? "t" : "f")
        case .int, .double, .array, .object: .string(value.text)
        }
    }
}
