import SyncModel

/// Finds the foreign key that leads from a parent table to an include.
///
/// The name is a table's: rows that refer to the parent, or the row that the parent refers to. Or it is the
/// parent's foreign key column without `_id`. A table that refers to itself has its children under its own
/// name, and its parent under the column's (`parent` for `parent_id`). Where no foreign key leads there, a
/// junction table with one to each of the two does.
struct IncludeResolver {
    let parent: TableSchema
    let schema: DatabaseSchema

    /// One step from a table to the next.
    struct Hop {
        let table: TableSchema
        let link: Shape.Link
    }

    /// The table that an explicit condition joins: the name is a table's.
    func table(named name: Text) -> TableSchema? {
        schema.tables.first { matches($0.name, name) }
    }

    private struct Path {
        let foreignKey: ForeignKey
        /// The table that has the foreign key.
        let owner: TableSchema
        /// The table that is included.
        let child: TableSchema
        /// Many child rows refer to one parent row; otherwise the parent row refers to one child row.
        let isToMany: Bool

        var choices: [String] { foreignKey.columns.map { "\(owner.name.name).\($0)" } }

        func isNamed(by on: Text) -> Bool {
            foreignKey.columns.contains { Text($0) == on } || choices.contains { Text($0) == on }
        }
    }

    /// One hop, or two through a junction table.
    func resolve(_ include: ShapeDefinition.Include) throws(ShapeError) -> [Hop] {
        let all = paths(named: include.name)
        guard !all.isEmpty else { return try throughJunction(include) }
        let paths = all.filter { path in include.on.map(path.isNamed) ?? true }
        let choices = all.flatMap(\.choices).joined(separator: ", ")
        guard let path = paths.first else {
            throw ShapeError(
                .badInclude,
                "`on` names no foreign key column between \(parent.name) and `\(include.name)`: use one of \(choices)",
                field: "on")
        }
        guard paths.count == 1 else {
            throw ShapeError(
                .badInclude,
                "several foreign keys connect \(parent.name) and `\(include.name)`: say which with `on`, one of \(choices)",
                field: "on")
        }
        return [Hop(table: path.child, link: try link(path))]
    }

    private func throughJunction(_ include: ShapeDefinition.Include) throws(ShapeError) -> [Hop] {
        guard let far = table(named: include.name) else { throw nothingFound(include.name) }
        var ways: [(near: Path, far: Path)] = []
        for junction in schema.tables where junction.name != parent.name && junction.name != far.name {
            for near in junction.foreignKeys where near.references == parent.name {
                for other in junction.foreignKeys
                where other.references == far.name && other.name != near.name && isPair(near, other, junction) {
                    ways.append(
                        (
                            Path(foreignKey: near, owner: junction, child: junction, isToMany: true),
                            Path(foreignKey: other, owner: junction, child: far, isToMany: false)
                        ))
                }
            }
        }
        guard !ways.isEmpty else { throw nothingFound(include.name) }
        let chosen = ways.filter { way in
            include.on.map { on in
                Text(way.near.owner.name.name) == on || way.near.isNamed(by: on) || way.far.isNamed(by: on)
            } ?? true
        }
        guard chosen.count == 1, let way = chosen.first else {
            let choices = ways.flatMap { $0.near.choices + $0.far.choices }.joined(separator: ", ")
            throw ShapeError(
                .badInclude,
                "say with `on` which junction table connects \(parent.name) and `\(include.name)`: its name or one of \(choices)",
                field: "on")
        }
        return [
            Hop(table: way.near.owner, link: try link(way.near)), Hop(table: far, link: try link(way.far)),
        ]
    }

    /// A junction table is one whose rows are told apart by the two references alone: they are its primary key, or
    /// unique together. Others, such as comments with a pipeline and a user, mean something of their own.
    private func isPair(_ near: ForeignKey, _ far: ForeignKey, _ table: TableSchema) -> Bool {
        let columns = Set(near.columns + far.columns)
        return ([table.primaryKey] + table.uniques).contains { Set($0) == columns }
    }

    private func paths(named name: Text) -> [Path] {
        var paths: [Path] = []
        for table in schema.tables where matches(table.name, name) {
            for key in table.foreignKeys where key.references == parent.name {
                paths.append(Path(foreignKey: key, owner: table, child: table, isToMany: true))
            }
        }
        for key in parent.foreignKeys {
            let isByTable = matches(key.references, name) && key.references != parent.name
            let isByColumn = key.columns.count == 1 && Text(key.columns[0]) == Text(name.string + "_id")
            guard isByTable || isByColumn, let child = schema[key.references] else { continue }
            paths.append(Path(foreignKey: key, owner: parent, child: child, isToMany: false))
        }
        return paths
    }

    /// A bare name is looked up in the parent's schema.
    private func matches(_ table: TableName, _ name: Text) -> Bool {
        (Text(table.name) == name && table.schema == parent.name.schema) || Text(table.description) == name
    }

    private func link(_ path: Path) throws(ShapeError) -> Shape.Link {
        let key = path.foreignKey
        guard let referenced = schema[key.references] else { throw .unknownTable(key.references) }
        let own = key.columns.compactMap { path.owner.index(ofBytes: $0) }
        let theirs = key.referencedColumns.compactMap { referenced.index(ofBytes: $0) }
        guard own.count == key.columns.count, theirs.count == own.count else {
            throw ShapeError(.badInclude, "the foreign key \(key.name) has columns that are not published")
        }
        return path.isToMany
            ? Shape.Link(childColumns: own, parentColumns: theirs)
            : Shape.Link(childColumns: theirs, parentColumns: own)
    }

    private func nothingFound(_ name: Text) -> ShapeError {
        var possible: [String] = []
        for table in schema.tables where table.foreignKeys.contains(where: { $0.references == parent.name }) {
            possible.append(table.name.schema == parent.name.schema ? table.name.name : table.name.description)
        }
        for key in parent.foreignKeys where schema[key.references] != nil {
            if key.columns.count == 1, key.columns[0].hasSuffix("_id") {
                possible.append(String(key.columns[0].dropLast(3)))
            } else {
                possible.append(key.references.name)
            }
        }
        let hint = possible.isEmpty ? "nothing can" : possible.joined(separator: ", ")
        return ShapeError(
            .badInclude, "no foreign key connects \(parent.name) and `\(name)`; what can be included there: \(hint)")
    }
}
