import SyncModel
import SyncProtocol

/// Takes the events of one response apart, for answers that are read whole.
struct ResponseReader: Sendable {
    private(set) var head: HTTPResponseHead?
    private(set) var body: [UInt8] = []

    /// Done, or why not, at the last event; nil before.
    mutating func receive(_ event: HTTPEvent) -> Result<HTTPResponseHead, RequestFailure>? {
        switch event {
        case .head(let head):
            self.head = head
            return nil
        case .bytes(let bytes):
            body += bytes
            return nil
        case .finished:
            guard let head else { return .failure(.cutOff) }
            return .success(head)
        case .failed(let failure):
            return .failure(RequestFailure(failure))
        }
    }

    /// The error that a response of this status carries.
    static func failure(_ head: HTTPResponseHead, body: [UInt8]) -> RequestFailure {
        let error = ServiceError(status: head.status, body: body)
        if error.code == .badRequest, !ServiceError.isObject(body) {
            // Not the service's word on what was asked.
            return .malformed("HTTP \(head.status): check that the address is that of a Satchel service")
        }
        return .service(error, retryAfter: retryAfter(head))
    }

    /// Milliseconds; 0 where the header is missing or a date.
    private static func retryAfter(_ head: HTTPResponseHead) -> Int {
        guard let seconds = head.header(ServiceHeader.retryAfter).flatMap({ UInt16($0) }) else { return 0 }
        return Int(seconds) * 1000
    }
}

extension RequestFailure {
    init(_ failure: HTTPFailure) {
        switch failure {
        case .unreachable(let message): self = .connection(message)
        case .interrupted: self = .cutOff
        case .timedOut: self = .timedOut
        case .tooLarge: self = .malformed("the answer is larger than this version takes")
        case .cancelled: self = .connection("given up")
        case .invalidRequest(let message): self = .malformed(message)
        }
    }
}
