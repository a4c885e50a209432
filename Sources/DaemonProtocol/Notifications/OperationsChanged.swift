import JSONText

/// Operations changed their state.
package enum OperationsChanged: NotificationMethod {
    package static let method = "operation/changed"

    package struct Params: WireValue {
        package let operations: [OperationSummary]

        package init(operations: [OperationSummary]) {
            self.operations = operations
        }

        package init(json: JSON) throws(WireError) {
            var reader = try MemberReader(json)
            operations = try reader.required("operations", Read.array(Read.value(OperationSummary.self)))
        }

        package var json: JSON { ["operations": .array(operations.map(\.json))] }
    }
}
