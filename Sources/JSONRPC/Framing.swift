/// How messages follow each other on a connection.
package enum Framing: Hashable, Sendable {
    /// `Content-Length: N`, an empty line, N bytes: the Language Server Protocol's base protocol.
    case contentLength
    /// One message a line, for scripts.
    case newline

    static let lengthHeader = Array("Content-Length: ".utf8)
    static let headerEnd = Array("\r\n\r\n".utf8)

    /// Appends one message with its frame. The message MUST be compact JSON (no bare line feed).
    package func append(_ message: [UInt8], to bytes: inout [UInt8]) {
        switch self {
        case .contentLength:
            bytes.append(contentsOf: Self.lengthHeader)
            bytes.append(contentsOf: message.count.description.utf8)
            bytes.append(contentsOf: Self.headerEnd)
            bytes.append(contentsOf: message)
        case .newline:
            bytes.append(contentsOf: message)
            bytes.append(UInt8(ascii: "\n"))
        }
    }
}

package struct FramingLimits: Hashable, Sendable {
    /// Bytes of one header block with its empty line.
    package let header: Int
    /// Bytes of one message.
    package let message: Int

    package init(header: Int = 4 << 10, message: Int = 64 << 20) {
        self.header = header
        self.message = message
    }
}

/// Where the next message begins cannot be known any more: the connection has to be closed.
package enum FramingError: Error, Hashable, Sendable {
    case headerTooLong(limit: Int)
    case messageTooLong(limit: Int)
    case badHeader(String)

    package var response: Response {
        switch self {
        case .headerTooLong(let limit):
            Response(
                id: nil,
                error: ResponseError(
                    .tooLarge, "A header block is longer than \(limit) bytes. The connection is closed."))
        case .messageTooLong(let limit):
            Response(
                id: nil,
                error: ResponseError(
                    .tooLarge, "A message is longer than \(limit) bytes. The connection is closed."))
        case .badHeader(let reason):
            Response(id: nil, error: ResponseError(.parseError, "\(reason) The connection is closed."))
        }
    }
}
