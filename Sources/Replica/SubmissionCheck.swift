import Merge
import SyncModel

/// Whether a submission fits the schema, and its values in the form in which PostgreSQL will write them where
/// that can be known. What passes here can still be refused by the service, with a verdict.
struct SubmissionCheck {
    let schema: DatabaseSchema?
    let limits: ReplicaLimits

    func check(_ operation: Operation) throws(ReplicaError) -> (Operation, TableSchema) {
        guard let schema else {
            throw ReplicaError(
                .schemaUnknown, "The service was never reached, so no table is known yet: connect once, then try again")
        }
        guard let table = schema[operation.table] else {
            let advice =
                schema.tables.isEmpty
                ? "the service publishes none yet" : "use one of \(Self.list(schema.tables.map(\.name.description)))"
            throw ReplicaError(.invalidOperation, "There is no table \(operation.table): \(advice)")
        }
        if let refusal = OperationCheck.refusal(of: operation, in: table) {
            throw ReplicaError(.invalidOperation, refusal.message)
        }
        try checkSize(operation)
        if operation.action == .delete, !operation.set.isEmpty {
            throw ReplicaError(.invalidOperation, "A delete sets nothing: leave `set` out")
        }
        if operation.action == .update, operation.set.isEmpty {
            throw ReplicaError(.invalidOperation, "An update sets at least one column: name it in `set`")
        }
        return (try normalised(operation, table), table)
    }

    private func checkSize(_ operation: Operation) throws(ReplicaError) {
        var total = 0
        for value in operation.key.values.map(Value.text) + operation.set.values {
            guard let text = value.text else { continue }
            let bytes = text.string.utf8.count
            total += bytes
            guard bytes <= limits.maxValueBytes else {
                throw ReplicaError(
                    .tooLarge, "A value has \(bytes) bytes; the limit is \(limits.maxValueBytes)")
            }
        }
        guard total <= limits.maxOperationBytes else {
            throw ReplicaError(
                .tooLarge, "The operation has \(total) bytes; the limit is \(limits.maxOperationBytes)")
        }
    }

    private func normalised(_ operation: Operation, _ table: TableSchema) throws(ReplicaError) -> Operation {
        var key: [String: Text] = [:]
        var set: [String: Value] = [:]
        for column in table.columns {
            if let text = operation.key[column.name] {
                key[column.name] = try Self.value(text, column, table)
                continue
            }
            switch operation.set[column.name] {
            case .text(let text): set[column.name] = .text(try Self.value(text, column, table))
            case .null:
                if column.isNotNull { throw Self.missing(column, table) }
                set[column.name] = .null
            case .absent, nil:
                let isNew = operation.action == .insert
                if isNew && column.isNotNull && !column.hasDefault { throw Self.missing(column, table) }
            }
        }
        return Operation(
            id: operation.id, table: operation.table, action: operation.action, key: key, set: set,
            at: operation.at, base: operation.base, group: operation.group)
    }

    private static func value(
        _ text: Text, _ column: Column, _ table: TableSchema
    ) throws(ReplicaError) -> Text {
        guard let problem = ValueSyntax.problem(text, column.type) else {
            return ValueSyntax.normalised(text, column.type)
        }
        throw ReplicaError(.invalidOperation, "\(table.name).\(column.name) \(problem)")
    }

    private static func missing(_ column: Column, _ table: TableSchema) -> ReplicaError {
        ReplicaError(
            .invalidOperation, "\(table.name).\(column.name) must have a value: it is NOT NULL and has no default")
    }

    static func list(_ names: [String]) -> String {
        names.count <= 12 ? names.joined(separator: ", ") : names.prefix(12).joined(separator: ", ") + ", …"
    }
}
