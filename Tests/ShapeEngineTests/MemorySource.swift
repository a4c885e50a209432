import ShapeEngine
import Shapes
import SyncModel

/// Tables in memory, looked up by scanning.
struct MemorySource: RowSource, Equatable {
    var tables: [TableName: [RowKey: Row]] = [:]

    func row(_ key: RowKey, of table: TableName) -> Row? { tables[table]?[key] }

    func rows(of table: TableName, where columns: [Int], equal values: [Value]) -> [(key: RowKey, row: Row)] {
        // In no order: the engine's answer must not depend on it.
        (tables[table] ?? [:]).filter { entry in zip(columns, values).allSatisfy { entry.value[$0] == $1 } }
            .map { (key: $0.key, row: $0.value) }
    }

    func sorted(_ table: TableName) -> [(key: RowKey, row: Row)] {
        (tables[table] ?? [:]).sorted { $0.key < $1.key }.map { (key: $0.key, row: $0.value) }
    }

    /// What turns this into `other`. `moves`: old key to new key.
    func changes(to other: MemorySource, moves: [Move] = []) -> [RowChange] {
        var changes: [RowChange] = []
        for table in Set(tables.keys).union(other.tables.keys).sorted() {
            let keys = Set((tables[table] ?? [:]).keys).union((other.tables[table] ?? [:]).keys)
            for key in keys.sorted() {
                let old = row(key, of: table)
                let new = other.row(key, of: table)
                guard old != new else { continue }
                changes.append(
                    RowChange(
                        table: table, key: key, old: old, new: new,
                        clock: RowClock(version: 1, clock: HybridTimestamp(microseconds: 1)),
                        movedTo: moves.first { $0.table == table && $0.from == key }?.to,
                        movedFrom: moves.first { $0.table == table && $0.to == key }?.from))
            }
        }
        return changes
    }

    struct Move {
        let table: TableName
        let from: RowKey
        let to: RowKey
    }
}

extension MemorySource {
    func forEach(of table: TableName, _ body: (RowKey, Row) throws -> Void) throws {
        for (key, row) in tables[table] ?? [:] { try body(key, row) }
    }
}

/// The content of a shape from its definition alone: node by node, every row against every parent.
func content(
    of shape: Shape, _ source: MemorySource, now: Int64
) -> (tables: [TableName: [RowKey: Row]], nodes: [Set<RowKey>], failures: Set<FailedRow>) {
    var members: [Set<RowKey>] = []
    var tables: [TableName: [RowKey: Row]] = [:]
    for node in shape.nodes {
        let context = EvaluationContext(now: now, subselects: subselects(of: node.predicate, source))
        let satisfying = source.sorted(node.table).filter { item in
            node.predicate?.evaluate(item.row, in: context).isTrue ?? true
        }
        var found: Set<RowKey> = []
        if let window = node.window {
            // A group's rows: those that lead up to it along the links, in one step or two.
            let groups: [RowKey?] = if let top = window.group { members[top].sorted() } else { [nil] }
            for group in groups {
                let ranked = satisfying.filter { leads(from: node, $0.row, to: group, shape, source, members) }
                    .sorted { place($0, node, shape) < place($1, node, shape) }
                found.formUnion(ranked.prefix(window.limit).map(\.key))
            }
        } else {
            for item in satisfying where joins(node, item.row, shape, source, members) { found.insert(item.key) }
        }
        for key in found { tables[node.table, default: [:]][key] = source.row(key, of: node.table) }
        members.append(found)
    }
    return (tables, members, failures(of: shape, source, now, tables, members))
}

struct FailedRow: Hashable {
    let table: TableName
    let key: RowKey
}

/// Rows that are outside and whose condition fails at a node where they join a member.
private func failures(
    of shape: Shape, _ source: MemorySource, _ now: Int64, _ tables: [TableName: [RowKey: Row]],
    _ members: [Set<RowKey>]
) -> Set<FailedRow> {
    var failures: Set<FailedRow> = []
    for node in shape.nodes {
        guard let predicate = node.predicate else { continue }
        let context = EvaluationContext(now: now, subselects: subselects(of: predicate, source))
        for item in source.sorted(node.table)
        where tables[node.table]?[item.key] == nil && joins(node, item.row, shape, source, members) {
            guard predicate.failure(of: item.row, in: context) != nil else { continue }
            failures.insert(FailedRow(table: node.table, key: item.key))
        }
    }
    return failures
}

private func subselects(of predicate: Predicate?, _ source: MemorySource) -> SubselectView {
    var view = SubselectView()
    for subselect in predicate?.subselects ?? [] {
        var content = SubselectContent()
        let context = EvaluationContext(subselects: subselects(of: subselect.condition, source))
        for (_, row) in source.sorted(subselect.table) {
            if case .member(let member) = subselect.member(of: row, in: context) { _ = content.add(member) }
        }
        view.append(content, nil)
    }
    return view
}

private func isLinked(_ row: Row, _ parent: Row, _ links: [Shape.Link]) -> Bool {
    links.contains { link in
        zip(link.childColumns, link.parentColumns).allSatisfy { row[$0] == parent[$1] && !row[$0].isNull }
    }
}

private func joins(
    _ node: Shape.Node, _ row: Row, _ shape: Shape, _ source: MemorySource, _ members: [Set<RowKey>]
) -> Bool {
    guard let parent = node.parent else { return true }
    return members[parent].contains { key in
        source.row(key, of: shape.nodes[parent].table).map { isLinked(row, $0, node.links) } ?? false
    }
}

private func leads(
    from node: Shape.Node, _ row: Row, to group: RowKey?, _ shape: Shape, _ source: MemorySource,
    _ members: [Set<RowKey>]
) -> Bool {
    guard let group, let top = node.window?.group, let parent = node.parent else { return true }
    guard let above = source.row(group, of: shape.nodes[top].table) else { return false }
    if parent == top { return isLinked(row, above, node.links) }
    return members[parent].contains { key in
        guard let junction = source.row(key, of: shape.nodes[parent].table) else { return false }
        return isLinked(row, junction, node.links) && isLinked(junction, above, shape.nodes[parent].links)
    }
}

/// By hand, for integers and short text: every key as a pair that sorts as PostgreSQL does.
private func place(_ item: (key: RowKey, row: Row), _ node: Shape.Node, _ shape: Shape) -> [[Int]] {
    let order = shape.definition.node(at: node.path)?.orderBy ?? []
    var place: [[Int]] = []
    for key in order {
        let index = ["id": 0, "a": 1, "t": 2, "w": 3][key.column.string] ?? 0
        guard let text = item.row[index].text?.string else {
            place.append([key.nullsFirst ? -1 : 1])
            continue
        }
        let value = Int(text) ?? Int(text.utf8.first ?? 0)
        place.append([0, key.isDescending ? -value : value])
    }
    return place + [[Int(item.row[0].text?.string ?? "") ?? 0]]
}

private func < (left: [[Int]], right: [[Int]]) -> Bool {
    for (one, other) in zip(left, right) where one != other { return one.lexicographicallyPrecedes(other) }
    return false
}

extension ShapeDefinition {
    /// nil for a junction's node, which no definition names.
    func node(at path: String) -> Node? {
        var node = root
        for name in path.split(separator: "/") {
            guard let next = node.include.first(where: { $0.name == Text(String(name)) }) else { return nil }
            node = next.node
        }
        return node
    }
}
