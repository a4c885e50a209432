import SyncModel
import SyncProtocol

/// One request of the stream over HTTP: turns the response's events into what `SyncStream` is told.
package struct StreamExchange: Sendable {
    package enum Outcome: Hashable, Sendable {
        /// Bytes came; tell `answerProgressed`.
        case progressed
        case answered(SyncBatch)
        case failed(RequestFailure)
    }

    private var head: HTTPResponseHead?
    private var errorBody: [UInt8] = []
    private var splitter = LineSplitter()
    private var reader = AnswerReader()
    private var isOver = false

    package init() {}

    package static func request(_ request: SyncRequest, as identity: Identity) -> HTTPRequest {
        HTTPRequest(.sync, as: identity, body: request.body, responseLimit: ProtocolLimits.answerBytes)
    }

    /// nil where there is nothing to tell. After `answered` or `failed` nothing more is told.
    package mutating func receive(_ event: HTTPEvent) -> Outcome? {
        guard !isOver else { return nil }
        let outcome = read(event)
        switch outcome {
        case .answered, .failed: isOver = true
        case .progressed, nil: break
        }
        return outcome
    }

    /// See `AnswerReader.takeArrivals`.
    package mutating func takeArrivals() -> [ShapeBatch] { isOver ? [] : reader.takeArrivals() }

    private mutating func read(_ event: HTTPEvent) -> Outcome? {
        switch event {
        case .head(let head):
            self.head = head
            return nil
        case .bytes(let bytes):
            guard head?.status == 200 else {
                errorBody += bytes
                return nil
            }
            return readLines(bytes)
        case .finished:
            guard let head else { return .failed(.cutOff) }
            guard head.status == 200 else {
                return .failed(ResponseReader.failure(head, body: errorBody))
            }
            // The last line may lack its line feed; a line that is no JSON then is half a line.
            if splitter.hasPartialLine { return .failed(.cutOff) }
            return reader.batch.map { .answered($0) } ?? .failed(.cutOff)
        case .failed(let failure):
            return .failed(RequestFailure(failure))
        }
    }

    private mutating func readLines(_ bytes: [UInt8]) -> Outcome {
        do {
            try splitter.receive(bytes[...]) { line throws(ServiceError) in try reader.receive(line: line) }
            return .progressed
        } catch {
            return .failed(.malformed(error.message))
        }
    }
}

extension HTTPRequest {
    init(_ route: ServiceRoute, as identity: Identity, body: [UInt8], responseLimit: Int) {
        let type = HTTPField(ServiceHeader.contentType, ServiceHeader.json)
        self.init(
            method: route.method, path: route.path,
            headers: body.isEmpty ? [identity.field] : [identity.field, type],
            body: body, responseLimit: responseLimit)
    }
}
