import JSONText
import SyncModel

/// `POST /v1/operations`: a batch of a replica's operations, in the order of their seq.
package struct OperationsRequest: Hashable, Sendable {
    package let replica: ReplicaID
    /// nil while the device knows none.
    package let epoch: Epoch?
    /// The greatest seq whose verdict is safely on the device's disk.
    package let acknowledged: Int64
    /// Contiguous in seq; the members of a group are neighbours.
    package let operations: [SequencedOperation]
    /// Not together with operations.
    package let withdrawal: Withdrawal?

    package init(
        replica: ReplicaID, epoch: Epoch?, acknowledged: Int64, operations: [SequencedOperation],
        withdrawal: Withdrawal? = nil
    ) {
        self.replica = replica
        self.epoch = epoch
        self.acknowledged = acknowledged
        self.operations = operations
        self.withdrawal = withdrawal
    }

    /// What has to be answered, one verdict for each.
    package var entries: [Withdrawal.Entry] {
        withdrawal?.operations ?? operations.map { Withdrawal.Entry(seq: $0.seq, id: $0.operation.id) }
    }
}

extension OperationsRequest {
    package var body: [UInt8] {
        var json = JSONWriter()
        json.beginObject()
        json.member("protocol", ProtocolVersion.current)
        json.member("replica", replica.description)
        json.member("epoch", epoch?.description)
        json.member("acknowledged", acknowledged)
        json.key("operations")
        json.beginArray()
        for operation in operations { operation.write(to: &json) }
        json.endArray()
        if let withdrawal {
            json.key("withdraw")
            withdrawal.write(to: &json)
        }
        json.endObject()
        return json.bytes
    }

    /// Throws `ServiceError`: what the asker is to be answered.
    package init(body: [UInt8]) throws(ServiceError) {
        let request = try JSON(request: body)
            .object(at: "request", only: ["protocol", "replica", "epoch", "acknowledged", "operations", "withdraw"])
        try request.requireProtocolVersion()
        replica = ReplicaID(try request.identifier("replica"))
        epoch = try request.optionalEpoch("epoch")
        acknowledged = try request.optionalInteger("acknowledged") ?? 0
        guard acknowledged >= 0 else { throw .badRequest("request.acknowledged: a seq is 0 or more") }
        let values = try request.array("operations")
        guard values.count <= ProtocolLimits.operationsPerRequest else {
            throw .tooLarge("the number of operations in a request", ProtocolLimits.operationsPerRequest)
        }
        var operations: [SequencedOperation] = []
        for (index, value) in values.enumerated() {
            operations.append(try SequencedOperation(value, at: "operations[\(index)]"))
        }
        try Self.checkOrder(operations)
        self.operations = operations
        withdrawal = try request.optionalObject("withdraw").map { object throws(ServiceError) in
            try Withdrawal(object)
        }
        if withdrawal != nil, !operations.isEmpty {
            throw .badRequest("request.withdraw: it goes without operations; send them in another request")
        }
    }

    private static func checkOrder(_ operations: [SequencedOperation]) throws(ServiceError) {
        var closed: Set<Text> = []
        for (index, (last, next)) in zip(operations, operations.dropFirst()).enumerated() {
            guard last.seq < .max, next.seq == last.seq + 1 else {
                throw .badRequest("operations[\(index + 1)].seq: \(next.seq) does not follow \(last.seq)")
            }
            if let group = last.operation.group, group != next.operation.group { closed.insert(Text(group)) }
            if let group = next.operation.group, closed.contains(Text(group)) {
                throw .badRequest("operations[\(index + 1)].group: '\(group)' is not one run of neighbours")
            }
        }
    }
}

extension SequencedOperation {
    package func write(to json: inout JSONWriter) {
        json.beginObject()
        json.member("seq", seq)
        operation.writeMembers(to: &json)
        json.endObject()
    }

    package init(_ value: JSON, at path: String) throws(ServiceError) {
        let object = try value.object(at: path, only: ["seq"] + Operation.members)
        let seq = try object.integer("seq")
        guard seq > 0 else { throw .badRequest("\(path).seq: a seq is 1 or more") }
        self.init(seq: seq, operation: try Operation(object, at: path))
    }
}
