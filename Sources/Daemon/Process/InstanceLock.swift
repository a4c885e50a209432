import Glibc

/// Makes a daemon the only one on its state directory: `daemon.lock`, held with flock(2) for the life of the
/// process, with its pid inside. The file is never unlinked: a lock on an unlinked file excludes nobody.
package final class InstanceLock: Sendable {
    package enum Failure: Error, Hashable, Sendable {
        /// Another daemon has it. Its pid, where it could be read.
        case held(by: Int?)
        /// The directory does not take a file.
        case unavailable(String)
    }

    private let descriptor: Int32

    package init(stateDirectory: String) throws(Failure) {
        let path = "\(stateDirectory)/daemon.lock"
        let opened = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard opened >= 0 else { throw .unavailable("\(path): \(SystemError.last)") }
        guard flock(opened, LOCK_EX | LOCK_NB) == 0 else {
            let failure = SystemError.last
            let owner = Self.owner(opened)
            close(opened)
            throw failure.code == EWOULDBLOCK ? .held(by: owner) : .unavailable("\(path): \(failure)")
        }
        descriptor = opened
        // Only a help for people: the lock itself is the kernel's.
        let text = "\(getpid())\n"
        _ = ftruncate(opened, 0)
        _ = text.withCString { pwrite(opened, $0, strlen($0), 0) }
    }

    deinit {
        close(descriptor)
    }

    private static func owner(_ descriptor: Int32) -> Int? {
        var bytes = [UInt8](repeating: 0, count: 32)
        let count = pread(descriptor, &bytes, bytes.count, 0)
        guard count > 0 else { return nil }
        return Int(String(decoding: bytes[..<count].prefix { $0 != 0x0a }, as: UTF8.self))
    }
}
