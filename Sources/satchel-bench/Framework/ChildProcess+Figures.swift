/// What the kernel says of a running process (proc(5)).
extension ChildProcess {
    /// Megabytes (2^20 bytes) of memory that it holds now.
    var rssMB: Double { Double(status("VmRSS") ?? 0) / 1024 }

    /// How often its threads have gone to sleep so far, which is how often they were woken.
    var wakeUps: Int {
        Files.names(in: "/proc/\(id)/task").reduce(0) { sum, thread in
            sum + (Self.figure("voluntary_ctxt_switches", in: "/proc/\(id)/task/\(thread)/status") ?? 0)
        }
    }

    /// On a processor, all its threads together, so far. nil where the kernel keeps no `schedstat`.
    var processorSeconds: Double? {
        var nanoseconds: Double?
        for thread in Files.names(in: "/proc/\(id)/task") {
            guard let text = try? Files.read("/proc/\(id)/task/\(thread)/schedstat"),
                let time = text.split(separator: " ").first.flatMap({ Double($0) })
            else { continue }
            nanoseconds = (nanoseconds ?? 0) + time
        }
        return nanoseconds.map { $0 / 1_000_000_000 }
    }

    private func status(_ name: String) -> Int? { Self.figure(name, in: "/proc/\(id)/status") }

    private static func figure(_ name: String, in file: String) -> Int? {
        guard let text = try? Files.read(file) else { return nil }
        for line in text.split(separator: "\n") where line.hasPrefix("\(name):") {
            return line.split(whereSeparator: { !$0.isNumber }).first.flatMap { Int($0) }
        }
        return nil
    }
}
