import Glibc

/// Time on the clock that only goes forwards.
struct Stopwatch {
    private let start: UInt64

    init() {
        start = Self.nanoseconds
    }

    var seconds: Double { Double(Self.nanoseconds - start) / 1e9 }
    var milliseconds: Double { Double(Self.nanoseconds - start) / 1e6 }

    static var nanoseconds: UInt64 {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
    }

    /// Runs `body`; how many milliseconds it took.
    static func milliseconds(_ body: () throws -> Void) rethrows -> Double {
        let watch = Stopwatch()
        try body()
        return watch.milliseconds
    }
}
