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

    private func status(_ name: String) -> Int? { Self.figure(name, in: "/proc/\(id)/status") }

    private static func figure(_ name: String, in file: String) -> Int? {
        guard let text = try? Files.read(file) else { return nil }
        for line in text.split(separator: "\n") where line.hasPrefix("\(name):") {
            return line.split(whereSeparator: { !$0.isNumber }).first.flatMap { Int($0) }
        }
        return nil
    }
}
