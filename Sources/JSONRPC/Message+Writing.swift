import JSONText

extension Request {
    /// Without framing.
    package func serialized() -> [UInt8] {
        var writer = JSONWriter(reserving: 256)
        writer.beginMessage()
        writer.key("id")
        writer.value(id.json)
        writer.call(method: method, params: params)
        writer.endObject()
        return writer.finish()
    }
}

extension Notification {
    /// Without framing.
    package func serialized() -> [UInt8] {
        var writer = JSONWriter(reserving: 256)
        writer.beginMessage()
        writer.call(method: method, params: params)
        writer.endObject()
        return writer.finish()
    }
}

extension Response {
    /// The answer to a request, around a result that is compact JSON already. Without framing.
    package static func serialized(id: RequestID, result: [UInt8]) -> [UInt8] {
        var writer = JSONWriter(reserving: result.count + 64)
        writer.beginMessage()
        writer.key("id")
        writer.value(id.json)
        writer.key("result")
        writer.raw(result)
        writer.endObject()
        return writer.finish()
    }

    /// Without framing.
    package func serialized() -> [UInt8] {
        var writer = JSONWriter(reserving: 256)
        writer.beginMessage()
        writer.key("id")
        writer.value(id?.json ?? .null)
        switch outcome {
        case .result(let result):
            writer.key("result")
            writer.value(result)
        case .error(let error):
            writer.key("error")
            writer.value(error.json)
        }
        writer.endObject()
        return writer.finish()
    }
}

extension JSONWriter {
    fileprivate mutating func beginMessage() {
        beginObject()
        key("jsonrpc")
        string("2.0")
    }

    fileprivate mutating func call(method: String, params: JSON?) {
        key("method")
        string(method)
        guard let params else { return }
        key("params")
        value(params)
    }
}
