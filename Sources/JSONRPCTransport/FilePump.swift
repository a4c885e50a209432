#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif
import NIOCore
import NIOPosix
import Synchronization

/// Puts a pipe between the event loop and a file, because the system cannot wait for files (`satcheld --stdio <
/// script`). Pipes, sockets and terminals are passed through.
final class FilePump: Sendable {
    /// One thread for each direction. nil while nothing was a file.
    private let pool = Mutex<NIOThreadPool?>(nil)

    func source(_ descriptor: Int32) throws(TransportError) -> Int32 {
        guard Self.needsPump(descriptor) else { return descriptor }
        let pipe = try Self.pipe()
        run { Self.copy(from: descriptor, to: pipe.write) }
        return pipe.read
    }

    func sink(_ descriptor: Int32) throws(TransportError) -> Int32 {
        guard Self.needsPump(descriptor) else { return descriptor }
        let pipe = try Self.pipe()
        run { Self.copy(from: pipe.read, to: descriptor) }
        return pipe.write
    }

    private func run(_ copying: @escaping @Sendable () -> Void) {
        let pool = pool.withLock { pool in
            let running = pool ?? NIOThreadPool(numberOfThreads: 2)
            if pool == nil { running.start() }
            pool = running
            return running
        }
        pool.submit { _ in copying() }
    }

    /// Once both directions have ended. The future never fails.
    func finished(on loop: any EventLoop) -> EventLoopFuture<Void> {
        guard let pool = pool.withLock({ $0.take() }) else { return loop.makeSucceededVoidFuture() }
        let promise = loop.makePromise(of: Void.self)
        // A pool that is shut down finishes what it runs; it fails only when it is shut down already.
        pool.shutdownGracefully { _ in promise.succeed() }
        return promise.futureResult
    }

    private static func needsPump(_ descriptor: Int32) -> Bool {
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { return false }
        switch status.st_mode & S_IFMT {
        case S_IFIFO, S_IFSOCK: return false
        default: return isatty(descriptor) == 0
        }
    }

    private static func pipe() throws(TransportError) -> (read: Int32, write: Int32) {
        var ends: [Int32] = [-1, -1]
        #if canImport(Glibc)
            let result = Glibc.pipe(&ends)
        #else
            let result = Darwin.pipe(&ends)
        #endif
        guard result == 0 else { throw TransportError("A pipe cannot be made: too many files are open.") }
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        return (ends[0], ends[1])
    }

    /// Until the end of the one or the failure of the other; closes both.
    private static func copy(from source: Int32, to sink: Int32) {
        var buffer = [UInt8](repeating: 0, count: 64 << 10)
        reading: while true {
            let count = read(source, &buffer, buffer.count)
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { break }
            var written = 0
            while written < count {
                let result = buffer.withUnsafeBytes {
                    write(sink, $0.baseAddress?.advanced(by: written), count - written)
                }
                if result < 0, errno == EINTR { continue }
                guard result > 0 else { break reading }
                written += result
            }
        }
        close(source)
        close(sink)
    }
}
