import Shapes
import SyncModel

/// The run's read rules, and the same said in plain Swift: what one person may read of one moment's rows.
struct Sight {
    private typealias Tables = ModelTables

    private static let texts: [TableName: Text] = [
        Tables.comments: "pipeline_id IN (SELECT pipeline_id FROM members WHERE person_id = auth.user_id)",
        Tables.members: """
        person_id = auth.user_id
        OR pipeline_id IN (SELECT pipeline_id FROM members WHERE person_id = auth.user_id)
        """,
        Tables.people: """
        id = auth.user_id OR id IN (SELECT person_id FROM members
            WHERE pipeline_id IN (SELECT pipeline_id FROM members WHERE person_id = auth.user_id))
        """,
    ]

    /// - Parameter forgotten: a table whose rule is left out.
    static func rules(without forgotten: TableName? = nil) throws(ShapeError) -> ReadRules {
        var rules: [TableName: ReadRule] = [:]
        for table in ModelTables.sample.tables.map(\.name) {
            if let text = texts[table], table != forgotten {
                rules[table] = try ReadRule(parsing: text)
            } else {
                rules[table] = .everyone
            }
        }
        return ReadRules(rules, areNeeded: true)
    }

    /// Some rows are kept from somebody.
    static func isRestricted(_ table: TableName) -> Bool { texts[table] != nil }

    private let person: Text
    private let pipelines: Set<Text>
    private let people: Set<Text>

    init(of person: Text, in database: PlainDatabase) {
        self.person = person
        let members = database[Tables.members]
        let pipelines = members.where("person_id", in: [person]).values("pipeline_id")
        self.pipelines = pipelines
        people = members.where("pipeline_id", in: pipelines).values("person_id").union([person])
    }

    func sees(_ row: PlainRow) -> Bool {
        switch row.table.name {
        case Tables.comments: isOfOwn(row)
        case Tables.members: row["person_id"] == person || isOfOwn(row)
        case Tables.people: people.contains(row.id)
        default: true
        }
    }

    private func isOfOwn(_ row: PlainRow) -> Bool { row["pipeline_id"].map(pipelines.contains) ?? false }
}
