import DaemonProtocol
import Glibc
import JSONText

extension StartRecord {
    /// Writes it beside the socket, for its owner alone. It stays there: after a kill it says how the daemon was
    /// started. Whoever reads it meanwhile sees the one before or this one.
    func write(besideSocket socket: String) throws(SystemError) {
        let path = Self.path(socket: socket)
        let fresh = "\(path).\(getpid())"
        // Of a process of the same number that was killed in the middle of this.
        unlink(fresh)
        let file = open(fresh, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o600)
        guard file >= 0 else { throw SystemError.last }
        let bytes = Array("\(json.text)\n".utf8)
        let isWritten = Glibc.write(file, bytes, bytes.count) == bytes.count
        let failure = SystemError.last
        close(file)
        guard isWritten, rename(fresh, path) == 0 else {
            let last = isWritten ? SystemError.last : failure
            unlink(fresh)
            throw last
        }
    }
}
