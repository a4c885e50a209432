import Glibc

/// Asks a process to end: any number of times, from anywhere, a signal's handler included.
///
/// A semaphore of the system's, and no task: the first one makes libdispatch look at its worker threads once a second,
/// for as long as the process lives.
package final class StopRequest: Sendable {
    // Never changes, and `sem_post` and `sem_wait` may be called by any thread.
    nonisolated(unsafe) private let semaphore: UnsafeMutablePointer<sem_t>
    /// Where the handler finds the request of the signals. Set once, before the handler is.
    nonisolated(unsafe) private static var trapped: UnsafeMutablePointer<sem_t>?

    package init() {
        semaphore = .allocate(capacity: 1)
        // Fails only for a value beyond the system's limit.
        sem_init(semaphore, 0, 0)
    }

    deinit {
        sem_destroy(semaphore)
        semaphore.deallocate()
    }

    package func request() { sem_post(semaphore) }

    /// Returns when somebody has asked. One caller at a time.
    package func wait() {
        while sem_wait(semaphore) != 0, errno == EINTR {}
    }

    /// From here on SIGTERM and SIGINT ask, instead of killing the process. To the end of the process, as is kept what
    /// they ask with. One request of a process may do so.
    package func trapSignals() {
        Self.trapped = Unmanaged.passRetained(self).takeUnretainedValue().semaphore
        var asking = sigset_t()
        sigemptyset(&asking)
        for number in [SIGTERM, SIGINT] {
            sigaddset(&asking, number)
            signal(number) { _ in
                // All that is safe inside a signal; what it interrupted must find its own `errno`.
                let interrupted = errno
                if let semaphore = StopRequest.trapped { sem_post(semaphore) }
                errno = interrupted
            }
        }
        // Whoever started the process may have had them blocked, which is inherited.
        pthread_sigmask(SIG_UNBLOCK, &asking, nil)
    }
}
