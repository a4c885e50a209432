import JSONText
import SyncModel

/// `{"reason": {"code", "message"}, "operations": [{"seq", "id"}]}`
extension Withdrawal {
    func write(to json: inout JSONWriter) {
        json.beginObject()
        json.key("reason")
        reason.write(to: &json)
        json.key("operations")
        json.beginArray()
        for entry in operations {
            json.beginObject()
            json.member("seq", entry.seq)
            json.member("id", entry.id.description)
            json.endObject()
        }
        json.endArray()
        json.endObject()
    }

    init(_ object: ObjectReader) throws(ServiceError) {
        let reason = try Reason(object.object("reason"))
        guard [VerdictReason.badRequest, .tooLarge].map(\.rawValue).contains(reason.code) else {
            throw .badRequest("\(object.path).reason.code: '\(reason.code)' is none of bad_request, too_large")
        }
        guard reason.message.utf8.count <= ProtocolLimits.reasonBytes else {
            throw .tooLarge("\(object.path).reason.message, in bytes,", ProtocolLimits.reasonBytes)
        }
        guard !reason.message.utf8.contains(0) else {
            throw .badRequest("\(object.path).reason.message: a text without NUL is wanted")
        }
        let values = try object.array("operations")
        guard values.count <= ProtocolLimits.withdrawalsPerRequest else {
            throw .tooLarge("the number of operations in \(object.path)", ProtocolLimits.withdrawalsPerRequest)
        }
        guard !values.isEmpty else { throw .badRequest("\(object.path).operations: at least one is wanted") }
        var entries: [Entry] = []
        for (index, value) in values.enumerated() {
            entries.append(try Entry(value, at: "\(object.path).operations[\(index)]", after: entries.last))
        }
        self.init(operations: entries, reason: reason)
    }
}

extension Withdrawal.Entry {
    fileprivate init(_ value: JSON, at path: String, after last: Self?) throws(ServiceError) {
        let object = try value.object(at: path, only: ["seq", "id"])
        let seq = try object.integer("seq")
        guard seq > 0 else { throw .badRequest("\(path).seq: a seq is 1 or more") }
        if let last, last.seq == .max || seq != last.seq + 1 {
            throw .badRequest("\(path).seq: \(seq) does not follow \(last.seq)")
        }
        self.init(seq: seq, id: OperationID(try object.identifier("id")))
    }
}
