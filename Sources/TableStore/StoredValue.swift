import GRDB
import GRDBSQLite
import SyncModel

/// How a value of PostgreSQL is kept in a SQLite column, so that it comes back byte for byte and local SQL
/// still finds numbers where there were numbers.
///
/// | value | storage class |
/// |---|---|
/// | NULL | NULL |
/// | absent (outside the selection) | an empty BLOB, which no type of PostgreSQL is stored as |
/// | int2, int4, int8, oid | INTEGER |
/// | bool | INTEGER 0 or 1 |
/// | float4, float8 | REAL where printing it again gives the same text, else TEXT (NaN, infinities; -0, whose sign SQLite drops) |
/// | everything else | TEXT, PostgreSQL's own form |
enum StoredValue {
    enum Class: Sendable {
        case integer, boolean, float4, float8, text

        init(_ type: ColumnType) {
            guard type.dimensions == 0 else {
                self = .text
                return
            }
            switch type.name {
            case "int2", "int4", "int8", "oid": self = .integer
            case "bool": self = .boolean
            case "float4": self = .float4
            case "float8": self = .float8
            default: self = .text
            }
        }
    }

    static func bind(_ value: Value, as storage: Class, to statement: OpaquePointer, at index: Int32) {
        switch value {
        case .null: sqlite3_bind_null(statement, index)
        case .absent: sqlite3_bind_zeroblob(statement, index, 0)
        case .text(let text): bind(text, as: storage, to: statement, at: index)
        }
    }

    private static func bind(_ text: Text, as storage: Class, to statement: OpaquePointer, at index: Int32) {
        switch storage {
        case .integer:
            if let integer = canonicalInteger(text.string) {
                sqlite3_bind_int64(statement, index, integer)
                return
            }
        case .boolean:
            if text.string.utf8.count == 1, let letter = text.string.utf8.first {
                if letter == UInt8(ascii: "t") || letter == UInt8(ascii: "f") {
                    sqlite3_bind_int64(statement, index, letter == UInt8(ascii: "t") ? 1 : 0)
                    return
                }
            }
        case .float8:
            if let number = Double(text.string), isKept(number), FloatText.float8(number) == text.string {
                sqlite3_bind_double(statement, index, number)
                return
            }
        case .float4:
            if let number = Float(text.string), isKept(number), FloatText.float4(number) == text.string {
                sqlite3_bind_double(statement, index, Double(number))
                return
            }
        case .text: break
        }
        bind(text: text.string, to: statement, at: index)
    }

    /// nil where printing the number would not give the same text again: `+1`, `01`, `-0`.
    static func canonicalInteger(_ text: String) -> Int64? {
        var digits = text.utf8[...]
        let isNegative = digits.first == UInt8(ascii: "-")
        if isNegative { digits = digits.dropFirst() }
        guard let first = digits.first, digits.count <= 19 else { return nil }
        if first == UInt8(ascii: "0") { return digits.count == 1 && !isNegative ? 0 : nil }
        var number: Int64 = 0
        for byte in digits {
            guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) else { return nil }
            // Downwards, because the smallest number has no positive counterpart.
            let (tens, overflows) = number.multipliedReportingOverflow(by: 10)
            let (next, passes) = tens.subtractingReportingOverflow(Int64(byte - UInt8(ascii: "0")))
            if overflows || passes { return nil }
            number = next
        }
        if isNegative { return number }
        return number == .min ? nil : -number
    }

    /// SQLite stores NaN as NULL and drops the sign of zero.
    private static func isKept(_ number: some BinaryFloatingPoint) -> Bool {
        number.isFinite && (number != 0 || number.sign == .plus)
    }

    static func bind(text: String, to statement: OpaquePointer, at index: Int32) {
        var text = text
        text.withUTF8 { bytes in
            // SQLITE_TRANSIENT: SQLite copies, because the buffer ends with this closure. A nil pointer would
            // bind NULL, so an empty string binds a static one.
            let transient = unsafeBitCast(-1, to: sqlite3_destructor_type.self)
            bytes.withMemoryRebound(to: CChar.self) { characters in
                if let base = characters.baseAddress {
                    _ = sqlite3_bind_text(statement, index, base, Int32(characters.count), transient)
                } else {
                    _ = sqlite3_bind_text(statement, index, "", 0, transient)
                }
            }
        }
    }

    static func read(_ statement: OpaquePointer, at index: Int32, as storage: Class) -> Value {
        switch sqlite3_column_type(statement, index) {
        case SQLITE_NULL: return .null
        case SQLITE_BLOB: return .absent
        case SQLITE_INTEGER:
            let integer = sqlite3_column_int64(statement, index)
            if case .boolean = storage { return integer == 0 ? "f" : "t" }
            return .text(Text(String(integer)))
        case SQLITE_FLOAT:
            let number = sqlite3_column_double(statement, index)
            if case .float4 = storage { return .text(Text(FloatText.float4(Float(number)))) }
            return .text(Text(FloatText.float8(number)))
        default:
            return .text(Text(text(statement, at: index)))
        }
    }

    /// Of an argument that a function is called with.
    static func value(_ value: DatabaseValue, as storage: Class) -> Value {
        switch value.storage {
        case .null: return .null
        case .blob: return .absent
        case .int64(let integer):
            if case .boolean = storage { return integer == 0 ? "f" : "t" }
            return .text(Text(String(integer)))
        case .double(let number):
            if case .float4 = storage { return .text(Text(FloatText.float4(Float(number)))) }
            return .text(Text(FloatText.float8(number)))
        case .string(let text): return .text(Text(text))
        }
    }

    static func bind(bytes: [UInt8], to statement: OpaquePointer, at index: Int32) {
        let transient = unsafeBitCast(-1, to: sqlite3_destructor_type.self)
        bytes.withUnsafeBytes { buffer in
            // A nil pointer would bind NULL.
            _ =
                buffer.isEmpty
                ? sqlite3_bind_zeroblob(statement, index, 0)
                : sqlite3_bind_blob(statement, index, buffer.baseAddress, Int32(buffer.count), transient)
        }
    }

    static func text(_ statement: OpaquePointer, at index: Int32) -> String {
        guard let bytes = sqlite3_column_text(statement, index) else { return "" }
        let count = Int(sqlite3_column_bytes(statement, index))
        return String(decoding: UnsafeBufferPointer(start: bytes, count: count), as: UTF8.self)
    }
}
