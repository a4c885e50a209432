import CLibpq

/// The replication stream's side of a connection: messages both ways, without waiting for one.
extension PostgresConnection {
    /// Takes in what the socket holds. Does not block.
    func consumeInput() throws(PostgresError) {
        guard PQconsumeInput(pointer) == 1 else { throw PostgresError.lost(pointer) }
    }

    /// The next message that has arrived whole, which the caller frees; nil where there is none.
    func nextCopyData() throws(PostgresError) -> UnsafeRawBufferPointer? {
        var bytes: UnsafeMutablePointer<CChar>?
        switch PQgetCopyData(pointer, &bytes, 1) {
        case 0: return nil
        case -1: throw endOfStream()
        case -2: throw PostgresError.lost(pointer)
        case let count: return UnsafeRawBufferPointer(start: bytes, count: Int(count))
        }
    }

    func putCopyData(_ bytes: [UInt8]) throws(PostgresError) {
        let isSent = bytes.withUnsafeBytes { bytes in
            PQputCopyData(pointer, bytes.baseAddress?.assumingMemoryBound(to: CChar.self), Int32(bytes.count))
        }
        guard isSent == 1, PQflush(pointer) == 0 else { throw PostgresError.lost(pointer) }
    }

    /// Why the server has ended the stream. A logical one has no end of its own.
    private func endOfStream() -> PostgresError {
        guard let result = PQgetResult(pointer) else { return PostgresError.lost(pointer) }
        do throws(PostgresError) {
            _ = try success(result)
        } catch {
            // A server that shuts down ends the COPY in good order first, and the connection after it.
            if error.code != .invalidArgument { return error }
        }
        return PostgresError(.connectionLost, "PostgreSQL has ended the replication stream")
    }
}
