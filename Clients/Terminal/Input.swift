import PipelineFiles
import TerminalText

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

enum Input {
    /// Bytes of what a person may pipe in.
    private static let limit = 64 << 20

    static func standard() throws -> String { try read(STDIN_FILENO, name: "standard input", limit: limit) }

    static func exists(_ path: String) -> Bool { access(path, F_OK) == 0 }

    /// Before anything is done with any of them.
    static func requireFiles(_ paths: [String]) throws {
        let missing = paths.filter { !exists($0) }
        guard missing.isEmpty else {
            throw CommandFailure(.notFound, missing.map { "\($0): no such file." }.joined(separator: "\n"))
        }
    }

    /// - name: in messages; nil for the path.
    static func file(_ path: String, limit: Int, name: String? = nil) throws -> String {
        let name = name ?? path
        let descriptor = open(path, O_RDONLY)
        guard descriptor >= 0 else {
            throw CommandFailure(.notFound, "\(name) cannot be read: \(String(cString: strerror(errno))).")
        }
        defer { close(descriptor) }
        return try read(descriptor, name: name, limit: limit)
    }

    /// The pipeline that a comment line at the head of a pipeline file names; nil where there is none, or no such file.
    static func markedPipeline(_ path: String) -> String? {
        guard PipelineReader.isFileName(path), isRegular(path) else { return nil }
        let descriptor = open(path, O_RDONLY)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var head = [UInt8](repeating: 0, count: PipelineMark.reach)
        let count = head.withUnsafeMutableBytes { readBytes(descriptor, $0) }
        return PipelineMark.id(in: String(decoding: head.prefix(max(count, 0)), as: UTF8.self))
    }

    /// Opening a pipe would wait for who writes into it.
    private static func isRegular(_ path: String) -> Bool {
        var status = stat()
        return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFREG
    }

    private static func read(_ descriptor: Int32, name: String, limit: Int) throws -> String {
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 64 << 10)
        while true {
            let count = buffer.withUnsafeMutableBytes { readBytes(descriptor, $0) }
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else {
                throw CommandFailure(.failed, "\(name) cannot be read: \(String(cString: strerror(errno))).")
            }
            if count == 0 { break }
            bytes += buffer.prefix(count)
            guard bytes.count <= limit else {
                throw CommandFailure(.usage, "\(name) is larger than \(limit >> 20) MiB.")
            }
        }
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw CommandFailure(.usage, "\(name) is not UTF-8.")
        }
        return text
    }

    private static func readBytes(_ descriptor: Int32, _ buffer: UnsafeMutableRawBufferPointer) -> Int {
        #if canImport(Glibc)
            Glibc.read(descriptor, buffer.baseAddress, buffer.count)
        #else
            Darwin.read(descriptor, buffer.baseAddress, buffer.count)
        #endif
    }
}
