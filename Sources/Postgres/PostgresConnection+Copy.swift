import CLibpq

extension PostgresConnection {
    /// Runs `COPY … TO STDOUT` (text format) and hands out each line, without its line feed. The bytes are
    /// valid during the call only; `CopyRowParser` splits them.
    ///
    /// When `row` throws, the copy is cancelled, the connection stays usable and the error is passed on.
    package func copyOut(_ sql: String, row: (UnsafeRawBufferPointer) throws -> Void) throws {
        try startCopy(sql)
        do {
            while let line = try nextCopyLine() {
                defer { PQfreemem(UnsafeMutableRawPointer(mutating: line.baseAddress)) }
                try row(UnsafeRawBufferPointer(rebasing: line.dropLast()))
            }
        } catch {
            abandonCopy()
            throw error
        }
        try finishCopy()
    }

    private func startCopy(_ sql: String) throws(PostgresError) {
        let result = PQexec(pointer, sql)
        guard PQresultStatus(result) == PGRES_COPY_OUT else {
            _ = try success(result)
            throw PostgresError(.invalidArgument, "the statement is no COPY … TO STDOUT")
        }
        PQclear(result)
    }

    /// nil at the end. The caller frees it.
    private func nextCopyLine() throws(PostgresError) -> UnsafeRawBufferPointer? {
        var bytes: UnsafeMutablePointer<CChar>?
        switch PQgetCopyData(pointer, &bytes, 0) {
        case -1: return nil
        case -2: throw PostgresError.lost(pointer)
        case let count: return UnsafeRawBufferPointer(start: bytes, count: Int(count))
        }
    }

    private func finishCopy() throws(PostgresError) {
        var failure: PostgresError?
        while let result = PQgetResult(pointer) {
            do throws(PostgresError) {
                _ = try success(result)
            } catch {
                failure = failure ?? error
            }
        }
        if let failure { throw failure }
    }

    private func abandonCopy() {
        cancelHandle()?.cancel()
        while true {
            var bytes: UnsafeMutablePointer<CChar>?
            guard PQgetCopyData(pointer, &bytes, 0) > 0 else { break }
            PQfreemem(bytes)
        }
        while let result = PQgetResult(pointer) { PQclear(result) }
    }
}
