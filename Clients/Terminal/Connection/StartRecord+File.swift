import DaemonProtocol
import JSONText

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

extension StartRecord {
    /// What the last daemon at this socket left beside it. nil: nothing, or nothing that can be relied on: another
    /// one's file, or one that others may read or write, could name another state.
    init?(besideSocket socket: String) {
        // Not to wait for the writer of a pipe.
        let file = open(Self.path(socket: socket), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)
        guard file >= 0 else { return nil }
        defer { close(file) }
        var status = stat()
        guard fstat(file, &status) == 0, status.st_mode & S_IFMT == S_IFREG, status.st_uid == getuid(),
            status.st_mode & 0o077 == 0, status.st_size <= Self.maxBytes
        else { return nil }
        var bytes = [UInt8](repeating: 0, count: Self.maxBytes)
        let count = read(file, &bytes, bytes.count)
        guard count > 0, let json = try? JSON(parsing: Array(bytes[..<count])),
            let record = try? StartRecord(json: json)
        else { return nil }
        self = record
    }
}
