import CLibpq

/// The answer to one statement: rows of text values, or how many rows it touched.
package struct PostgresResult: Sendable {
    private let storage: Storage

    /// Takes over `result`, which MUST be a success and is freed with the last copy.
    init(owning result: OpaquePointer) {
        storage = Storage(result)
    }

    package var rowCount: Int { Int(PQntuples(storage.pointer)) }

    package var columnNames: [String] {
        (0..<PQnfields(storage.pointer)).map { index in
            PQfname(storage.pointer, index).map { String(cString: $0) } ?? ""
        }
    }

    /// The text form of a value; nil for NULL. Both indexes MUST be in range.
    package subscript(row: Int, column: Int) -> String? {
        precondition(row >= 0 && row < rowCount, "row \(row) of \(rowCount)")
        precondition(column >= 0 && column < PQnfields(storage.pointer), "no column \(column)")
        let (row, column) = (Int32(row), Int32(column))
        guard PQgetisnull(storage.pointer, row, column) == 0,
            let bytes = PQgetvalue(storage.pointer, row, column)
        else { return nil }
        let length = Int(PQgetlength(storage.pointer, row, column))
        return String(decoding: UnsafeRawBufferPointer(start: bytes, count: length), as: UTF8.self)
    }

    /// One row's values in column order.
    package func row(_ row: Int) -> [String?] {
        (0..<Int(PQnfields(storage.pointer))).map { self[row, $0] }
    }

    /// All rows' values.
    package var rows: [[String?]] { (0..<rowCount).map { row($0) } }

    /// The first column of the first row; nil for NULL or no row.
    package var value: String? { rowCount > 0 && PQnfields(storage.pointer) > 0 ? self[0, 0] : nil }

    /// Rows inserted, updated, deleted, selected; 0 for other statements.
    package var affectedRows: Int { PQcmdTuples(storage.pointer).flatMap { Int(String(cString: $0)) } ?? 0 }

    /// `INSERT 0 1`, `CREATE TABLE`, …
    package var commandTag: String { PQcmdStatus(storage.pointer).map { String(cString: $0) } ?? "" }

    // @unchecked because libpq never changes a result once it is made, and says it may be read by any thread.
    private final class Storage: @unchecked Sendable {
        let pointer: OpaquePointer

        init(_ pointer: OpaquePointer) {
            self.pointer = pointer
        }

        deinit {
            PQclear(pointer)
        }
    }
}
