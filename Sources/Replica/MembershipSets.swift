import GRDB

/// Interned sets of held shapes: a row says with one number which shapes it is in. 0 is the empty set.
///
/// Sets are few (as many as there are ways in which shapes overlap) and are kept for the replica's life.
struct MembershipSets {
    private var members: [Int64: [Int64]] = [0: []]
    private var numbers: [[Int64]: Int64] = [[]: 0]

    init() {}

    init(in db: Database) throws {
        for row in try GRDB.Row.fetchAll(db, sql: "SELECT number, shapes FROM membership_set") {
            let number: Int64 = row[0]
            let text: String = row[1]
            insert(text.split(separator: ",").compactMap { Int64($0) }, as: number)
        }
    }

    private mutating func insert(_ shapes: [Int64], as number: Int64) {
        members[number] = shapes
        numbers[shapes] = number
    }

    /// Shape numbers, ascending.
    func shapes(of set: Int64) -> [Int64] { members[set] ?? [] }

    func contains(_ shape: Int64, in set: Int64) -> Bool { members[set]?.contains(shape) ?? false }

    mutating func number(of shapes: [Int64], in db: Database) throws -> Int64 {
        let sorted = shapes.sorted()
        if let number = numbers[sorted] { return number }
        try db.execute(
            sql: "INSERT INTO membership_set (shapes) VALUES (?)",
            arguments: [sorted.map(String.init).joined(separator: ",")])
        insert(sorted, as: db.lastInsertedRowID)
        return db.lastInsertedRowID
    }

    mutating func number(of set: Int64, adding shape: Int64, in db: Database) throws -> Int64 {
        let shapes = shapes(of: set)
        return shapes.contains(shape) ? set : try number(of: shapes + [shape], in: db)
    }

    mutating func number(of set: Int64, removing shape: Int64, in db: Database) throws -> Int64 {
        let shapes = shapes(of: set)
        return shapes.contains(shape) ? try number(of: shapes.filter { $0 != shape }, in: db) : set
    }
}
