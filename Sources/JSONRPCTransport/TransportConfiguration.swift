import JSONRPC
import NIOCore

/// The bounds of a connection. None of them depends on how slow a client is.
package struct TransportConfiguration: Sendable {
    package var framing = FramingLimits()
    package var requestsInFlight = 4096
    package var outbox = OutboxLimits()
    /// A client that takes nothing for so long is disconnected.
    package var writeStall: TimeAmount = .seconds(30)
    /// More are closed at once.
    package var connections = 512

    package init() {}
}

/// Why a socket or the standard streams cannot be used. The message says what to do.
package struct TransportError: Error, Hashable, Sendable, CustomStringConvertible {
    package let description: String

    package init(_ description: String) {
        self.description = description
    }
}
