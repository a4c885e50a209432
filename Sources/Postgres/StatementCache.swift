/// Which statements of a connection are prepared. A statement is worth preparing when it comes a second time;
/// a connection holds at most `limit` of them.
struct StatementCache {
    enum Use: Equatable {
        case unprepared
        /// Prepare it under this name now.
        case prepare(String)
        case prepared(String)
    }

    private let limit: Int
    // Keyed by bytes: as Strings, two texts that differ in Unicode normal form only would be one.
    private var names: [[UInt8]: String] = [:]
    private var seenOnce: Set<[UInt8]> = []
    private var counter = 0

    init(limit: Int = 512) {
        self.limit = limit
    }

    mutating func use(_ text: String) -> Use {
        let sql = Array(text.utf8)
        if let name = names[sql] { return .prepared(name) }
        guard names.count < limit else { return .unprepared }
        guard seenOnce.remove(sql) != nil else {
            if seenOnce.count >= limit { seenOnce.removeAll() }
            seenOnce.insert(sql)
            return .unprepared
        }
        counter += 1
        let name = "satchel_\(counter)"
        names[sql] = name
        return .prepare(name)
    }

    /// The next use of `sql` prepares nothing.
    mutating func forget(_ sql: String) {
        names[Array(sql.utf8)] = nil
    }
}
