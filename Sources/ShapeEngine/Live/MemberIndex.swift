import Shapes
import SyncModel

/// Which sub-selects have a member that is equal to a row: by the texts in the row's columns, as of the view before a
/// transaction. Members that come with it lead to rows by themselves (`ShapeUsers`).
struct MemberIndex: Sendable {
    /// A sub-select in conditions on rows of one table.
    private struct Use: Hashable {
        let subselect: Subselect
        let table: TableName
    }

    private struct Entry {
        let number: Int
        let columns: [Int]
        var users = 1
    }

    private let schema: DatabaseSchema
    private var entries: [Use: Entry] = [:]
    private var tables: [Subselect: Set<TableName>] = [:]
    private var numbers: [TableName: [[Int]: [[Text]: Set<Int>]]] = [:]
    private var nextNumber = 0

    init(schema: DatabaseSchema) {
        self.schema = schema
    }

    func entry(of subselect: Subselect, _ table: TableName) -> (number: Int, columns: [Int])? {
        entries[Use(subselect: subselect, table: table)].map { ($0.number, $0.columns) }
    }

    /// `content` is what the sub-select has now.
    mutating func retain(_ subselect: Subselect, _ table: TableName, _ columns: [Int], _ content: SubselectContent) {
        let use = Use(subselect: subselect, table: table)
        if entries[use] != nil {
            entries[use]?.users += 1
            return
        }
        let entry = Entry(number: nextNumber, columns: columns)
        nextNumber += 1
        entries[use] = entry
        tables[subselect, default: []].insert(table)
        for member in content.members { set(member, use, entry, isIn: true) }
    }

    mutating func release(_ subselect: Subselect, _ table: TableName, _ content: SubselectContent) {
        let use = Use(subselect: subselect, table: table)
        guard let entry = entries[use] else { return }
        entries[use]?.users -= 1
        guard entry.users == 1 else { return }
        entries[use] = nil
        tables[subselect]?.remove(table)
        if tables[subselect]?.isEmpty == true { tables[subselect] = nil }
        for member in content.members { set(member, use, entry, isIn: false) }
    }

    /// `store` stands before the step.
    mutating func apply(_ step: SubselectStep, over store: SubselectStore) {
        for (subselect, delta) in step.deltas {
            for table in tables[subselect] ?? [] {
                let use = Use(subselect: subselect, table: table)
                guard let entry = entries[use] else { continue }
                let content = store.content(subselect)
                for crossing in delta.crossings(over: content) {
                    set(crossing.member, use, entry, isIn: !content.contains(crossing.member))
                }
            }
        }
    }

    private mutating func set(_ member: SubselectMember, _ use: Use, _ entry: Entry, isIn: Bool) {
        guard let table = schema[use.table], let texts = use.subselect.texts(of: member, in: table) else { return }
        guard !isIn else {
            numbers[use.table, default: [:]][entry.columns, default: [:]][texts, default: []].insert(entry.number)
            return
        }
        numbers[use.table]?[entry.columns]?[texts]?.remove(entry.number)
        if numbers[use.table]?[entry.columns]?[texts]?.isEmpty == true {
            numbers[use.table]?[entry.columns]?[texts] = nil
        }
    }

    func numbers(equalTo row: Row, of table: TableName, _ columns: [Int]) -> Set<Int> {
        numbers[table]?[columns]?[columns.compactMap { row[$0].text }] ?? []
    }
}
