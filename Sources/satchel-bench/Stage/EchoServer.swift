import Glibc

/// The bare process that latencies and rates over a Unix socket are compared with: for each line that comes it
/// writes `answer` bytes, the last of them a line feed. One connection after the other.
struct EchoServer {
    let path: String
    let answer: Int

    /// Never returns but by throwing.
    func run() throws -> Never {
        guard let (address, length) = LocalStream.unixAddress(path) else { throw BenchError("\(path) is too long") }
        let listener = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        let result = withUnsafePointer(to: address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(listener, $0, length) }
        }
        guard result == 0, listen(listener, 16) == 0 else { throw BenchError.system("listen at \(path)") }
        while true {
            let client = accept(listener, nil, nil)
            if client >= 0 { serve(client) }
        }
    }

    private func serve(_ client: Int32) {
        defer { close(client) }
        var input = [UInt8](repeating: 0, count: 64 << 10)
        let one = [UInt8](repeating: 0x20, count: answer - 1) + [0x0a]
        var output: [UInt8] = []
        while true {
            let count = recv(client, &input, input.count, 0)
            guard count > 0 else { return }
            let lines = input[..<count].withUnsafeBufferPointer { LocalStream.lines(in: $0) }
            while output.count < lines * answer { output += one }
            var start = 0
            while start < lines * answer {
                let written = output.withUnsafeBytes {
                    send(client, $0.baseAddress.map { $0 + start }, lines * answer - start, Int32(MSG_NOSIGNAL))
                }
                guard written > 0 else { return }
                start += written
            }
        }
    }
}

/// That process, started.
final class EchoProcess {
    let process: ChildProcess
    let path: String

    /// `answer`: bytes of each answer.
    init(_ bench: Bench, answer: Int) throws {
        path = bench.freshPath("echo")
        process = try ChildProcess(
            [bench.programs.own, "--echo", path, "--answer", "\(answer)"], log: path + ".log", janitor: bench.janitor)
    }

    func connect() throws -> LocalStream {
        try Waiting.until(10, "the echo process", process) { LocalStream.unix(path) }
    }
}
