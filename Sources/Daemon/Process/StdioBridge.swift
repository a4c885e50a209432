import Foundation

/// Joins a client on standard input and output with a daemon that runs already, byte by byte.
package enum StdioBridge {
    /// False at once when nobody answers at the socket. Otherwise returns when either side has ended. Blocks, and
    /// takes one thread more. Calls `whenJoined` before the first byte.
    package static func run(
        _ input: Int32, _ output: Int32, socketPath: String, whenJoined: () -> Void = {}
    ) -> Bool {
        guard let connection = try? LocalSocket.connect(socketPath) else { return false }
        whenJoined()
        // Its reader may sleep in the kernel: the end of the process ends it.
        Thread.detachNewThread {
            copy(from: input, to: connection)
            // The daemon answers what is due, then closes its end.
            shutdown(connection, Int32(SHUT_WR))
        }
        copy(from: connection, to: output)
        close(connection)
        return true
    }

    private static func copy(from source: Int32, to sink: Int32) {
        var buffer = [UInt8](repeating: 0, count: 64 << 10)
        while true {
            let count = read(source, &buffer, buffer.count)
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return }
            var written = 0
            while written < count {
                let result = buffer.withUnsafeBytes { bytes in
                    bytes.baseAddress.map { write(sink, $0 + written, count - written) } ?? -1
                }
                if result < 0, errno == EINTR { continue }
                guard result > 0 else { return }
                written += result
            }
        }
    }
}
