import JSONText
import SyncModel

/// A verdict as it travels, and (without `duplicate`) as the service stores it:
/// `{"seq", "id", "verdict", "at", "lost": [...], "reason": {...}}`.
extension Verdict {
    /// The stored form. A repetition is marked when the verdict is given again, not when it is stored.
    package var json: [UInt8] {
        var json = JSONWriter()
        json.beginObject()
        writeMembers(to: &json)
        json.endObject()
        return json.bytes
    }

    package init(json: [UInt8], isDuplicate: Bool = false) throws(ServiceError) {
        try self.init(JSON(message: json).object(at: "verdict"), isDuplicate: isDuplicate)
    }

    /// The wire's form.
    package func write(to json: inout JSONWriter) {
        json.beginObject()
        writeMembers(to: &json)
        json.member("duplicate", isDuplicate)
        json.endObject()
    }

    private func writeMembers(to json: inout JSONWriter) {
        json.member("seq", seq)
        json.member("id", id.description)
        json.member("verdict", outcome.rawValue)
        json.member("at", at.microseconds)
        if !lost.isEmpty {
            json.key("lost")
            json.beginArray()
            for write in lost { write.write(to: &json) }
            json.endArray()
        }
        if let reason {
            json.key("reason")
            reason.write(to: &json)
        }
    }

    init(_ object: ObjectReader, isDuplicate: Bool) throws(ServiceError) {
        let verdict = try object.text("verdict")
        guard let outcome = Outcome(rawValue: verdict) else {
            throw .badRequest("\(object.path).verdict: '\(verdict)' is none that this version knows")
        }
        var lost: [LostWrite] = []
        for write in try object.optionalObjects("lost") ?? [] { lost.append(try LostWrite(write)) }
        let reason = try object.optionalObject("reason").map { reason throws(ServiceError) in
            try Reason(reason)
        }
        self.init(
            seq: try object.integer("seq"), id: OperationID(try object.text("id")), outcome: outcome,
            at: HybridTimestamp(microseconds: try object.integer("at")), lost: lost, reason: reason,
            isDuplicate: isDuplicate)
    }
}

/// `{"column", "mine", "theirs", "writer", "written_at"}`; a value that there is none of is left out, and so
/// is the column where the whole operation lost.
extension LostWrite {
    package func write(to json: inout JSONWriter) {
        json.beginObject()
        if let column { json.member("column", column) }
        json.member("mine", mine)
        json.member("theirs", theirs)
        json.member("writer", writer.description)
        json.member("written_at", writtenAt.microseconds)
        json.endObject()
    }

    init(_ object: ObjectReader) throws(ServiceError) {
        self.init(
            column: try object.optionalText("column"), mine: try object.value("mine"),
            theirs: try object.value("theirs"), writer: ReplicaID(try object.text("writer")),
            writtenAt: HybridTimestamp(microseconds: try object.integer("written_at")))
    }
}

/// `{"code", "message"}`
extension Reason {
    package func write(to json: inout JSONWriter) {
        json.beginObject()
        json.member("code", code)
        json.member("message", message)
        json.endObject()
    }

    init(_ object: ObjectReader) throws(ServiceError) {
        self.init(code: try object.text("code"), message: try object.text("message"))
    }
}
