import CLibpq

extension PostgresError {
    /// The error that `result` carries. Without a SQLSTATE it is the connection that failed.
    init(result: OpaquePointer?, connection: OpaquePointer?) {
        func field(_ name: UnicodeScalar) -> String? {
            PQresultErrorField(result, Int32(name.value)).map { String(cString: $0) }
        }
        guard let state = field("C") else {
            self = Self.lost(connection)
            return
        }
        // RevalidateCachedQuery is where the server finds that a prepared statement's columns changed; the
        // SQLSTATE alone (feature not supported) says too little, and the message may be translated.
        let code =
            state == "0A000" && field("R") == "RevalidateCachedQuery" ? .planChanged : Code(rawValue: state)
        self.init(
            code, field("M") ?? "", detail: field("D"), hint: field("H"), constraint: field("n"),
            schema: field("s"),
            table: field("t"), column: field("c"), severity: field("V"))
    }

    static func lost(_ connection: OpaquePointer?) -> PostgresError {
        let isBroken = PQstatus(connection) != CONNECTION_OK
        let message = text(PQerrorMessage(connection))
        return PostgresError(
            isBroken ? .connectionLost : .protocolViolation,
            message.isEmpty ? "the connection to PostgreSQL broke" : message)
    }

    /// libpq's message as one line.
    static func text(_ message: UnsafePointer<CChar>?) -> String {
        guard let message else { return "" }
        return String(cString: message).split(separator: "\n").joined(separator: " ")
    }
}
