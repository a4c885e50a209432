import Glibc
import Synchronization

/// One process at a time uses a state directory: a lock on a file in it, which the kernel takes away with the process.
package final class StateLock: Sendable {
    /// nil once released.
    private let descriptor: Mutex<Int32?>

    /// Throws `OptionsError` where another process has it, with that process's number.
    package init(directory: String) throws(OptionsError) {
        let path = directory + "/service.lock"
        let file = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard file >= 0 else {
            throw OptionsError("The state directory cannot be used: \(path): \(String(cString: strerror(errno)))")
        }
        guard flock(file, LOCK_EX | LOCK_NB) == 0 else {
            var bytes = [UInt8](repeating: 0, count: 32)
            let count = max(0, read(file, &bytes, bytes.count))
            let process = String(decoding: bytes[..<count].prefix { (0x30...0x39).contains($0) }, as: UTF8.self)
            close(file)
            throw OptionsError(
                "Another satchel-service\(process.isEmpty ? "" : " (process \(process))") uses the state directory "
                    + "\(directory): stop it, or give this one another with --state DIR")
        }
        let text = Array("\(getpid())\n".utf8)
        // Only for the sentence above: without it the lock holds all the same.
        if ftruncate(file, 0) == 0 { _ = write(file, text, text.count) }
        descriptor = Mutex(file)
    }

    package func release() {
        descriptor.withLock { file in
            if let file { close(file) }
            file = nil
        }
    }

    deinit {
        release()
    }
}
