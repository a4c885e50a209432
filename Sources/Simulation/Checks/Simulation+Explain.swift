import SeededRandom
import Shapes
import SyncModel
import SyncProtocol
import SyncService

/// 3 and 7: an explanation says of a row what the shape does, and of one that its person may not read what it says of
/// one that there is not.
extension Simulation {
    func askWhy(_ index: Int) throws {
        guard let mirror = service.process?.mirror, !mirror.isUnsettled,
            let moment = mirror.position.flatMap({ history.moment(at: $0.position) }),
            let definition = random.pick(ifAnyOf: definitions), let content = contents[definition.canonical],
            let row = rowToAskFor(of: definition, at: moment)
        else { return }
        let device = devices[index]
        let name = "\(row.table.name) \(row.key)"
        func answer(_ key: Text) throws -> ExplainAnswer {
            let request = ExplainRequest(definition: definition, table: row.table.name, key: [.init("id", key)])
            return try mirror.explain(request, claims: device.claims)
        }
        let found = try answer(row.id)
        let isSeen = sees(row.key, of: row.table.name, device.user, at: moment)
        if isSeen {
            count("rows explained")
        } else {
            count("rows explained that may not be read")
            let missing = try answer("nobody made it")
            if found.body != missing.body {
                violate(.sight, "\(device.user) is told of \(name), which they may not read: \(found.explanation)")
            }
        }
        if found.explanation.isFound != isSeen {
            violate(.sight, "\(name) is explained to \(device.user) as \(isSeen ? "missing" : "there")")
        }
        let isMember = content.rows(at: moment, for: device.user)[row.table.name]?[row.key] != nil
        if found.explanation.isMember != isMember {
            violate(
                .shapes, "\(name) for \(device.user) is explained as \(found.explanation), and \(isMember) is right")
        }
    }

    /// A row of one of the shape's tables; often of one that is not for everybody. nil: there is none, or the schema
    /// has not what the shape names.
    private func rowToAskFor(of definition: ShapeDefinition, at moment: History.Moment) -> PlainRow? {
        guard let shape = try? Shape(resolving: definition, in: moment.catalogue) else { return nil }
        let restricted = shape.tables.filter(Sight.isRestricted)
        let tables = random.chance(60) && !restricted.isEmpty ? restricted : shape.tables
        guard let name = random.pick(ifAnyOf: tables), let table = moment.schema[name],
            let key = random.pick(ifAnyOf: (moment.rows[name] ?? [:]).keys.sorted()),
            let row = moment.rows[name]?[key]
        else { return nil }
        return PlainRow(table: table, key: key, row: row)
    }
}
