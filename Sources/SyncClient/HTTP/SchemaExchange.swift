import SyncModel
import SyncProtocol

/// One request of the schema fetcher over HTTP.
package struct SchemaExchange: Sendable {
    package struct Answer: Hashable, Sendable {
        /// nil: what is held is still right.
        package let schema: SchemaAnswer?
        package let entityTag: String?
    }

    private var reader = ResponseReader()

    package init() {}

    package static func request(ifNoneMatch tag: String?, as identity: Identity) -> HTTPRequest {
        let match = tag.map { [HTTPField(ServiceHeader.ifNoneMatch, $0)] } ?? []
        return HTTPRequest(
            method: ServiceRoute.schema.method, path: ServiceRoute.schema.path,
            headers: [identity.field] + match,
            responseLimit: ProtocolLimits.plainAnswerBytes)
    }

    /// The outcome at the last event; nil before.
    package mutating func receive(_ event: HTTPEvent) -> Result<Answer, RequestFailure>? {
        guard let result = reader.receive(event) else { return nil }
        return result.flatMap { head in
            if head.status == 304 { return .success(Answer(schema: nil, entityTag: nil)) }
            guard head.status == 200 else { return .failure(ResponseReader.failure(head, body: reader.body)) }
            return Result { () throws(ServiceError) in try SchemaAnswer(body: reader.body) }
                .map { Answer(schema: $0, entityTag: head.header(ServiceHeader.entityTag)) }
                .mapError { .malformed($0.message) }
        }
    }
}
