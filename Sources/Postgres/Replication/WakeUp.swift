import Glibc

/// A file that becomes readable when another thread calls `signal()`, for a thread that waits in `poll`.
final class WakeUp: Sendable {
    private let readEnd: Int32
    private let writeEnd: Int32

    init() throws(PostgresError) {
        // Never blocking: a full pair is signalled well enough, and an empty one must not hold up its reader.
        let kind = Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue)
        var ends: [Int32] = [-1, -1]
        guard socketpair(AF_UNIX, kind, 0, &ends) == 0 else {
            throw PostgresError(.connectionFailed, "no socket pair: \(String(cString: strerror(errno)))")
        }
        (readEnd, writeEnd) = (ends[0], ends[1])
    }

    deinit {
        close(readEnd)
        close(writeEnd)
    }

    func signal() {
        var byte: UInt8 = 0
        _ = write(writeEnd, &byte, 1)
    }

    /// `socket` has bytes to read, or its end. Does not wait.
    static func isReadable(_ socket: Int32) -> Bool {
        var file = pollfd(fd: socket, events: Int16(POLLIN), revents: 0)
        return poll(&file, 1, 0) > 0
    }

    /// Waits until `socket` is readable, `signal()` was called, or `milliseconds` have passed.
    func wait(socket: Int32, milliseconds: Int) throws(PostgresError) {
        var files = [
            pollfd(fd: socket, events: Int16(POLLIN), revents: 0),
            pollfd(fd: readEnd, events: Int16(POLLIN), revents: 0),
        ]
        let count = poll(&files, 2, Int32(clamping: max(0, milliseconds)))
        guard count >= 0 || errno == EINTR else {
            throw PostgresError(.connectionLost, "poll failed: \(String(cString: strerror(errno)))")
        }
        guard count > 0, files[1].revents != 0 else { return }
        var bytes = [UInt8](repeating: 0, count: 64)
        while read(readEnd, &bytes, bytes.count) > 0 {}
    }
}
