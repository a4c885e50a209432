import CLibpq

/// A libpq connection string (`host=… dbname=…` or `postgresql://…`), read once to tell faults apart early.
///
/// Messages never repeat the string: it may hold a password.
struct ConnectionInfo {
    let text: String
    private let password: String?

    init(_ text: String) throws(PostgresError) {
        guard !text.utf8.contains(0) else { throw Self.unreadable("it contains a NUL character") }
        var message: UnsafeMutablePointer<CChar>?
        guard let options = PQconninfoParse(text, &message) else {
            defer { PQfreemem(message) }
            throw Self.unreadable(
                Self.withoutQuotedText(message.map { String(cString: $0) } ?? "out of memory"))
        }
        defer { PQconninfoFree(options) }
        var values: [String: String] = [:]
        var option = options
        while let keyword = option.pointee.keyword {
            if let value = option.pointee.val { values[String(cString: keyword)] = String(cString: value) }
            option += 1
        }
        if text.hasPrefix("postgres"), let database = values["dbname"],
            database.utf8.contains(UInt8(ascii: "@"))
        {
            throw Self.unreadable("a `/` in the user or password of a URL must be written %2F, an `@` %40")
        }
        self.text = text
        password = values["password"]
    }

    /// `message` with the password, should it occur in it, blotted out.
    func redacted(_ message: String) -> String {
        guard let password, password.utf8.count >= 4 else { return message }
        return message.split(separator: password, omittingEmptySubsequences: false).joined(separator: "***")
    }

    private static func unreadable(_ why: String) -> PostgresError {
        PostgresError(
            .invalidArgument,
            "the PostgreSQL connection string cannot be read: \(why). "
                + "Expected `host=… dbname=… user=…` or `postgresql://user@host/database`")
    }

    /// libpq quotes pieces of the string in its complaint, and such a piece may be half a password.
    private static func withoutQuotedText(_ message: String) -> String {
        var result = ""
        var isQuoted = false
        for character in message where character != "\n" {
            if character == "\"" {
                isQuoted.toggle()
                result += isQuoted ? "\"…" : "\""
            } else if !isQuoted {
                result.append(character)
            }
        }
        return result
    }
}
