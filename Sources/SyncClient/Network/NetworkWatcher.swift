import CLibcurl
import Glibc
import Synchronization

/// Tells when the network changes (netlink: links, addresses, routes) and when the machine wakes (the kernel
/// sets the wall clock then, and the two other clocks differ). Its thread sleeps in `poll` without a timeout,
/// until `stop`, which MUST be called.
package final class NetworkWatcher: Sendable {
    package enum Change: Hashable, Sendable {
        case network
        case woke
    }

    package struct Failure: Error, Hashable, Sendable {
        package let message: String
    }

    private let wakeup: Int32
    private let thread: Mutex<pthread_t?>

    /// `receive` is called on the watcher's thread. A burst of changes may be one call.
    package init(receive: @escaping @Sendable (Change) -> Void) throws {
        let descriptors = try Descriptors()
        wakeup = descriptors.wakeup
        let loop = WatchLoop(descriptors: descriptors, receive: receive)
        guard let thread = Thread.start(named: "network", { loop.run() }) else {
            descriptors.close()
            throw Failure(message: "no thread can be started to watch the network")
        }
        self.thread = Mutex(thread)
    }

    /// Waits until `receive` is called no more. MUST NOT be called from `receive`.
    package func stop() {
        guard let thread = self.thread.withLock({ $0.take() }) else { return }
        satchel_wakeup_signal(wakeup)
        pthread_join(thread, nil)
        close(wakeup)
    }
}

private struct Descriptors: Sendable {
    let network: Int32
    let clock: Int32
    let wakeup: Int32

    init() throws(NetworkWatcher.Failure) {
        network = satchel_network_changes()
        clock = satchel_clock_changes()
        wakeup = satchel_wakeup()
        guard network >= 0, clock >= 0, wakeup >= 0 else {
            close()
            throw NetworkWatcher.Failure(message: "the kernel does not let the network be watched")
        }
    }

    func close() {
        for descriptor in [network, clock, wakeup] where descriptor >= 0 { Glibc.close(descriptor) }
    }
}

private struct WatchLoop: Sendable {
    let descriptors: Descriptors
    let receive: @Sendable (NetworkWatcher.Change) -> Void

    func run() {
        defer {
            close(descriptors.network)
            close(descriptors.clock)
        }
        var detector = SuspendDetector()
        _ = detector.observe(boottime: Self.now(CLOCK_BOOTTIME), monotonic: Self.now(CLOCK_MONOTONIC))
        while let (network, clock) = waitForChange() {
            if clock { _ = satchel_clock_changes_rearm(descriptors.clock) }
            let slept = detector.observe(
                boottime: Self.now(CLOCK_BOOTTIME), monotonic: Self.now(CLOCK_MONOTONIC))
            if slept { receive(.woke) }
            if network, drain() { receive(.network) }
        }
    }

    /// nil: the watcher is to stop.
    private func waitForChange() -> (network: Bool, clock: Bool)? {
        var polled = [descriptors.wakeup, descriptors.network, descriptors.clock].map {
            pollfd(fd: $0, events: Int16(POLLIN), revents: 0)
        }
        while poll(&polled, nfds_t(polled.count), -1) < 0 {
            guard errno == EINTR else { return nil }
        }
        guard polled[0].revents == 0 else { return nil }
        return (polled[1].revents != 0, polled[2].revents != 0)
    }

    /// Takes everything that the kernel has to say; what it says does not matter. False for nothing.
    private func drain() -> Bool {
        var buffer = [UInt8](repeating: 0, count: 8192)
        var received = false
        while true {
            let count = recv(descriptors.network, &buffer, buffer.count, 0)
            // ENOBUFS: the kernel had more to say than there was room for.
            guard count > 0 || (count < 0 && errno == ENOBUFS) else { return received }
            received = true
        }
    }

    private static func now(_ clock: clockid_t) -> Int64 {
        var time = timespec()
        clock_gettime(clock, &time)
        return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
    }
}
