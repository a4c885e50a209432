import CLibcurl
import Glibc
import Synchronization

/// The way to the service over libcurl's multi interface, on one thread of its own that sleeps while nothing
/// happens. Connections are kept and used again.
///
/// Plain text and Unix sockets speak HTTP/1.1, TLS speaks HTTP/2 where the service does. Neither bodies nor
/// headers are ever logged.
package final class CurlTransport: HTTPPort {
    package struct Configuration: Hashable, Sendable {
        /// Milliseconds until a connection stands.
        package var connectMilliseconds: Int
        /// Seconds without a byte in either direction after which a transfer is given up. More than the
        /// stream waits, which knows better what to expect.
        package var silenceSeconds: Int

        package init(connectMilliseconds: Int = 5000, silenceSeconds: Int = 40) {
            self.connectMilliseconds = connectMilliseconds
            self.silenceSeconds = silenceSeconds
        }
    }

    package struct Failure: Error, Hashable, Sendable {
        package let message: String
    }

    enum Command: Sendable {
        case send(HTTPTransferID, HTTPRequest, @Sendable (HTTPEvent) -> Void)
        case cancel(HTTPTransferID)
    }

    private struct State {
        var commands: [Command] = []
        var last: UInt64 = 0
        var isStopping = false
        var thread: pthread_t?
    }

    private let multi: MultiHandle
    private let state = Mutex(State())

    package init(
        to address: ServiceAddress, _ configuration: Configuration = Configuration()
    ) throws(Failure) {
        guard Self.isLibraryReady, let handle = curl_multi_init() else {
            throw Failure(message: "libcurl cannot be started")
        }
        let multi = MultiHandle(handle)
        self.multi = multi
        // The thread holds the transport until `stop`, so that no command is ever left unread.
        let thread = Thread.start(named: "http") {
            CurlLoop(multi: multi, address: address, configuration: configuration).run { self.takeCommands() }
        }
        guard let thread else {
            curl_multi_cleanup(handle)
            throw Failure(message: "no thread can be started for HTTP")
        }
        state.withLock { $0.thread = thread }
    }

    private static let isLibraryReady = curl_global_init(Int(CURL_GLOBAL_DEFAULT)) == CURLE_OK

    package func send(
        _ request: HTTPRequest, receive: @escaping @Sendable (HTTPEvent) -> Void
    ) -> HTTPTransferID {
        let (id, isStopping) = state.withLock { state in
            state.last += 1
            let id = HTTPTransferID(state.last)
            if !state.isStopping { state.commands.append(.send(id, request, receive)) }
            return (id, state.isStopping)
        }
        if isStopping { receive(.failed(.cancelled)) } else { multi.wakeUp() }
        return id
    }

    package func cancel(_ id: HTTPTransferID) {
        let isStopping = state.withLock { state in
            if !state.isStopping { state.commands.append(.cancel(id)) }
            return state.isStopping
        }
        if !isStopping { multi.wakeUp() }
    }

    /// Cancels everything, and waits until no event is told any more. MUST be called once the transport is no
    /// longer needed, and not from an event.
    package func stop() {
        let thread = state.withLock { state in
            state.isStopping = true
            return state.thread.take()
        }
        guard let thread else { return }
        multi.wakeUp()
        pthread_join(thread, nil)
        multi.cleanUp()
    }

    /// nil: the loop is to end, after these.
    private func takeCommands() -> (commands: [Command], isStopping: Bool) {
        state.withLock { state in
            defer { state.commands = [] }
            return (state.commands, state.isStopping)
        }
    }
}

/// libcurl's multi handle.
///
/// `@unchecked Sendable` because only `curl_multi_wakeup`, which is thread-safe, is called from other threads
/// while the loop runs.
struct MultiHandle: @unchecked Sendable {
    let pointer: UnsafeMutableRawPointer

    init(_ pointer: UnsafeMutableRawPointer) {
        self.pointer = pointer
    }

    func wakeUp() { curl_multi_wakeup(pointer) }
    func cleanUp() { curl_multi_cleanup(pointer) }
}
