/// One HTTP request to the service. The port knows where the service is.
package struct HTTPRequest: Hashable, Sendable {
    package let method: String
    /// With its query, percent-encoded: `/v1/sync`.
    package let path: String
    package let headers: [HTTPField]
    package let body: [UInt8]
    /// Bytes of a response's body, decoded, that are taken.
    package let responseLimit: Int

    package init(
        method: String, path: String, headers: [HTTPField] = [], body: [UInt8] = [], responseLimit: Int
    ) {
        self.method = method
        self.path = path
        self.headers = headers
        self.body = body
        self.responseLimit = responseLimit
    }
}

package struct HTTPField: Hashable, Sendable {
    /// In lower case.
    package let name: String
    package let value: String

    package init(_ name: String, _ value: String) {
        self.name = name
        self.value = value
    }
}

package struct HTTPResponseHead: Hashable, Sendable {
    package let status: Int
    /// Names in lower case.
    package let headers: [HTTPField]

    package init(status: Int, headers: [HTTPField] = []) {
        self.status = status
        self.headers = headers
    }

    /// The first of that name.
    package func header(_ name: String) -> String? { headers.first { $0.name == name }?.value }
}

/// What becomes of a request: one `head`, any number of `bytes`, then `finished`; or `failed` at any point.
/// Exactly one `finished` or `failed` comes, and nothing after it.
package enum HTTPEvent: Hashable, Sendable {
    case head(HTTPResponseHead)
    case bytes([UInt8])
    case finished
    case failed(HTTPFailure)
}

package enum HTTPFailure: Error, Hashable, Sendable {
    /// No connection came about: nothing was sent.
    case unreachable(String)
    /// The connection broke after something may have been sent.
    case interrupted(String)
    case timedOut
    /// The body passed the request's limit.
    case tooLarge
    case cancelled
    /// The request cannot be sent as it is.
    case invalidRequest(String)
}

/// The way to the service. Implementations are the real one (`CurlTransport`) and a simulated one; both pass
/// the same contract suite.
package protocol HTTPPort: Sendable {
    /// Sends it. `receive` is called serially, on a thread of the port's own, and MUST return soon: other
    /// transfers wait meanwhile.
    func send(_ request: HTTPRequest, receive: @escaping @Sendable (HTTPEvent) -> Void) -> HTTPTransferID

    /// Gives the request up: it ends with `failed(.cancelled)`, unless it was over already.
    func cancel(_ id: HTTPTransferID)
}

package struct HTTPTransferID: Hashable, Sendable {
    package let number: UInt64

    package init(_ number: UInt64) {
        self.number = number
    }
}
