import Foundation
import Synchronization

/// A thread for blocking work beside a test. The test MUST `join()` it.
package final class TestThread: Sendable {
    private let result = Mutex<Result<Void, any Error>?>(nil)
    private let done = DispatchSemaphore(value: 0)

    package init(_ body: @escaping @Sendable () throws -> Void) {
        let thread = Thread { [self] in
            let outcome = Result { try body() }
            result.withLock { $0 = outcome }
            done.signal()
        }
        thread.start()
    }

    /// Waits for its end; throws what it threw.
    package func join() throws {
        done.wait()
        try result.withLock { $0 }?.get()
    }
}
