import Glibc

/// What the kernel said, in its own words.
struct SystemError: Error, Hashable, Sendable, CustomStringConvertible {
    let code: Int32

    /// Of the call that failed just now.
    static var last: SystemError { SystemError(code: errno) }

    var description: String { String(cString: strerror(code)) }
}
