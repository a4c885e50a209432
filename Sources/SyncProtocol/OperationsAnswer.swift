import JSONText
import SyncModel

/// The answer to `POST /v1/operations`: one verdict for each operation sent, in their order.
package struct OperationsAnswer: Hashable, Sendable {
    package let epoch: Epoch
    package let replica: ReplicaID
    /// The greatest seq of the replica that the service has a verdict for.
    package let lastSeq: Int64
    /// The service's clock.
    package let at: HybridTimestamp
    package let verdicts: [Verdict]

    package init(
        epoch: Epoch, replica: ReplicaID, lastSeq: Int64, at: HybridTimestamp, verdicts: [Verdict]
    ) {
        self.epoch = epoch
        self.replica = replica
        self.lastSeq = lastSeq
        self.at = at
        self.verdicts = verdicts
    }
}

extension OperationsAnswer {
    package var body: [UInt8] {
        var json = JSONWriter()
        json.beginObject()
        json.member("protocol", ProtocolVersion.current)
        json.member("epoch", epoch.description)
        json.member("replica", replica.description)
        json.member("last_seq", lastSeq)
        json.member("at", at.microseconds)
        json.key("verdicts")
        json.beginArray()
        for verdict in verdicts { verdict.write(to: &json) }
        json.endArray()
        json.endObject()
        return json.bytes
    }

    package init(body: [UInt8]) throws(ServiceError) {
        let answer = try JSON(message: body).object(at: "answer")
        try answer.requireProtocolVersion()
        epoch = try answer.epoch("epoch")
        replica = ReplicaID(try answer.text("replica"))
        lastSeq = try answer.integer("last_seq")
        at = HybridTimestamp(microseconds: try answer.integer("at"))
        var verdicts: [Verdict] = []
        for object in try answer.objects("verdicts") {
            let isDuplicate = try object.optionalBool("duplicate") ?? false
            verdicts.append(try Verdict(object, isDuplicate: isDuplicate))
        }
        self.verdicts = verdicts
    }

    /// The answer covers exactly what was asked: the same seqs and ids, in order.
    package func answers(_ request: OperationsRequest) -> Bool {
        replica == request.replica
            && verdicts.map { Withdrawal.Entry(seq: $0.seq, id: $0.id) } == request.entries
    }
}
