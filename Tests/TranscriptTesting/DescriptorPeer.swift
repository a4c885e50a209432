#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// A daemon behind two descriptors (stdio) or one used twice (a socket).
final class DescriptorPeer: TranscriptPeer {
    private let input: Int32
    private let output: Int32
    private let isSocket: Bool
    private let patience: Int32
    private var hasEnded = false

    /// Reads from `input` and writes to `output`, and owns both. `patience` is how many milliseconds a read waits.
    init(input: Int32, output: Int32, patience: Int32 = 60_000) {
        self.input = input
        self.output = output
        self.patience = patience
        isSocket = input == output
        // A daemon that is gone is an error of `write`, not the end of this process.
        signal(SIGPIPE, SIG_IGN)
    }

    deinit {
        if isSocket || !hasEnded { close(output) }
        if !isSocket { close(input) }
    }

    func write(_ bytes: [UInt8]) throws {
        var written = 0
        while written < bytes.count {
            let count = bytes.withUnsafeBytes { buffer in
                #if canImport(Glibc)
                    Glibc.write(output, buffer.baseAddress?.advanced(by: written), bytes.count - written)
                #else
                    Darwin.write(output, buffer.baseAddress?.advanced(by: written), bytes.count - written)
                #endif
            }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else {
                throw TranscriptError("the daemon does not take what is sent (errno \(errno))")
            }
            written += count
        }
    }

    func endInput() throws {
        guard !hasEnded else { return }
        hasEnded = true
        if isSocket { shutdown(output, Int32(SHUT_WR)) } else { close(output) }
    }

    func read() throws -> [UInt8]? {
        var waiting = pollfd(fd: input, events: Int16(POLLIN), revents: 0)
        guard poll(&waiting, 1, patience) > 0 else {
            throw TranscriptError("nothing came for \(patience) ms")
        }
        var buffer = [UInt8](repeating: 0, count: 64 << 10)
        #if canImport(Glibc)
            let count = Glibc.read(input, &buffer, buffer.count)
        #else
            let count = Darwin.read(input, &buffer, buffer.count)
        #endif
        // A daemon that closes with unread input resets the connection: that is an end, too.
        return count > 0 ? Array(buffer[..<count]) : nil
    }
}
