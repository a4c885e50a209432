import SyncModel
import SyncProtocol

/// One request for an explanation over HTTP.
package struct ExplainExchange: Sendable {
    private var reader = ResponseReader()

    package init() {}

    package static func request(_ request: ExplainRequest, as identity: Identity) -> HTTPRequest {
        HTTPRequest(.explain, as: identity, body: request.body, responseLimit: ProtocolLimits.plainAnswerBytes)
    }

    /// The outcome at the last event; nil before.
    package mutating func receive(_ event: HTTPEvent) -> Result<ExplainAnswer, RequestFailure>? {
        guard let result = reader.receive(event) else { return nil }
        return result.flatMap { head in
            guard head.status == 200 else { return .failure(ResponseReader.failure(head, body: reader.body)) }
            return Result { () throws(ServiceError) in try ExplainAnswer(body: reader.body) }
                .mapError { .malformed($0.message) }
        }
    }
}
