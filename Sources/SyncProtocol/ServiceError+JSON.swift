import JSONText
import SyncModel

extension ServiceError {
    /// The body of the error's HTTP response.
    package var body: [UInt8] {
        var json = JSONWriter()
        json.beginObject()
        json.key("error")
        json.beginObject()
        json.member("code", code.rawValue)
        json.member("message", message)
        json.member("retry", code.retry.rawValue)
        if let epoch { json.member("epoch", epoch.description) }
        if let lastSeq { json.member("last_seq", lastSeq) }
        if let expectedSeq { json.member("expected", expectedSeq) }
        json.endObject()
        json.endObject()
        return json.bytes
    }

    /// What an error response says. Total: a body that is no error object (a proxy's page) gets the code
    /// that its status stands for.
    package init(status: Int, body: [UInt8]) {
        if let error = try? ServiceError(object: body) {
            self = error
        } else {
            self.init(Self.code(ofStatus: status), "the service answered HTTP \(status)")
        }
    }

    /// False for a page of somebody in between.
    package static func isObject(_ body: [UInt8]) -> Bool { (try? ServiceError(object: body)) != nil }

    private init?(object body: [UInt8]) throws {
        let error = try JSON(message: body).object(at: "answer").object("error")
        guard let code = Code(rawValue: try error.text("code")) else { return nil }
        self.init(
            code, try error.text("message"), epoch: try error.optionalEpoch("epoch"),
            lastSeq: try error.optionalInteger("last_seq"), expectedSeq: try error.optionalInteger("expected")
        )
    }

    private static func code(ofStatus status: Int) -> Code {
        switch status {
        case 401: .unauthorized
        case 413: .tooLarge
        // Time-outs and throttling of proxies pass by themselves.
        case 408, 425, 429, 503: .notReady
        case 400..<500: .badRequest
        default: .internal
        }
    }
}
