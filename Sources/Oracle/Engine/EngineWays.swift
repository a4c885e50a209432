import SeededRandom

/// The includes that are possible below a table.
struct EngineWays {
    let tables: EngineTables

    /// Of the same name there may be several, told apart by `on`.
    func all(below parent: Int, _ random: inout SeededGenerator) -> [EngineWay] {
        var ways: [EngineWay] = []
        for child in tables.tables.indices {
            ways += toMany(child, parent)
            if child != parent {
                ways += toOneByTable(child, parent)
                ways += throughJunction(child, parent)
            }
            if let way = explicit(child, parent, &random) { ways.append(way) }
        }
        return ways + toOneByColumn(parent)
    }

    private func links(_ reference: EngineReference, toMany: Bool) -> [EngineWay.Link] {
        zip(reference.columns, reference.referenced).map { own, other in
            toMany ? EngineWay.Link(child: own, parent: other) : EngineWay.Link(child: other, parent: own)
        }
    }

    private func way(
        _ name: String, _ table: Int, _ reference: EngineReference, owner: Int, isToMany: Bool, isAmbiguous: Bool
    ) -> EngineWay {
        let on = isAmbiguous ? "\(tables[owner].name).\(reference.columns[0])" : nil
        var features: Set<EngineFeature> = [isToMany ? .includeToMany : .includeToOne]
        if isAmbiguous { features.insert(.twoKeysWithOn) }
        if owner == reference.table { features.insert(.selfReference) }
        if reference.columns.count > 1 { features.insert(.compositeKey) }
        return EngineWay(
            name: name, on: on, table: table, links: [links(reference, toMany: isToMany)], features: features)
    }

    /// How many references a table's name may stand for, below a parent.
    private func count(_ child: Int, _ parent: Int) -> Int {
        tables[child].references.count { $0.table == parent }
            + (child == parent ? 0 : tables[parent].references.count { $0.table == child })
    }

    private func toMany(_ child: Int, _ parent: Int) -> [EngineWay] {
        tables[child].references.filter { $0.table == parent }.map { reference in
            way(
                tables[child].name, child, reference, owner: child, isToMany: true,
                isAmbiguous: count(child, parent) > 1)
        }
    }

    private func toOneByTable(_ child: Int, _ parent: Int) -> [EngineWay] {
        tables[parent].references.filter { $0.table == child }.map { reference in
            way(
                tables[child].name, child, reference, owner: parent, isToMany: false,
                isAmbiguous: count(child, parent) > 1)
        }
    }

    private func toOneByColumn(_ parent: Int) -> [EngineWay] {
        tables[parent].references.filter { $0.columns.count == 1 }.map { reference in
            way(
                String(reference.columns[0].dropLast(3)), reference.table, reference, owner: parent,
                isToMany: false, isAmbiguous: false)
        }
    }

    private func throughJunction(_ child: Int, _ parent: Int) -> [EngineWay] {
        // A reference between the two goes first.
        guard count(child, parent) == 0 else { return [] }
        var ways: [EngineWay] = []
        for (index, junction) in tables.tables.enumerated() where index != child && index != parent {
            for (near, far) in junction.junctionReferences where near.table == parent && far.table == child {
                var features: Set<EngineFeature> = [.junction]
                if near.columns.count + far.columns.count > 2 { features.insert(.compositeKey) }
                ways.append(
                    EngineWay(
                        name: tables[child].name, table: child, links: [links(far, toMany: false)],
                        junction: (table: index, links: links(near, toMany: true)), features: features))
            }
        }
        return ways
    }

    /// By either of two pairs of columns, one of them now and then of two.
    private func explicit(_ child: Int, _ parent: Int, _ random: inout SeededGenerator) -> EngineWay? {
        let qualifier = child == parent || random.once(in: 2) ? "parent" : tables[parent].name
        func pair(_ random: inout SeededGenerator) -> EngineWay.Link? {
            // Links join on equal text (Protocol/shapes.md), where PostgreSQL has 1.0 join 1.
            let own = random.pick(tables[child].columns.filter { $0.kind != .numeric })
            guard let other = tables[parent].columns(of: own.kind).randomElement(using: &random) else { return nil }
            return EngineWay.Link(child: own.name, parent: other)
        }
        guard let one = pair(&random), let other = pair(&random), let third = pair(&random) else { return nil }
        let links = [[one], random.once(in: 3) ? [other, third] : [other]]
        let text = links.map { link in
            "(" + link.map { "\($0.child) = \(qualifier).\($0.parent)" }.joined(separator: " AND ") + ")"
        }
        return EngineWay(
            name: tables[child].name, table: child, links: links, explicit: text.joined(separator: " OR "),
            features: [.explicitOr])
    }
}
