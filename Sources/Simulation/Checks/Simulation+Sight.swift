import Replica
import SyncClient
import SyncModel
import SyncProtocol

/// 7: no row outside the read rules leaves the service, and who loses a permission loses its rows.
extension Simulation {
    /// Looks at every row of an answer on its way out.
    ///
    /// What is told as of a position has to be permitted there. A row that is no more then (it came and went since the
    /// asker's offset, and may have come again) has to have been permitted when it was there last.
    func checkSight(of body: [UInt8], for device: SimulatedDevice) throws {
        guard options.promises.contains(.sight) else { return }
        var exchange = StreamExchange()
        _ = exchange.receive(.head(HTTPResponseHead(status: 200)))
        _ = exchange.receive(.bytes(body))
        guard case .answered(let batch) = exchange.receive(.finished) else { return }
        let position = batch.frontier.position
        for message in batch.shapes.flatMap(\.messages)
        where message.kind != .delete && Sight.isRestricted(message.table) {
            count("rows told under a rule")
            if !mayTell(message, to: device.user, at: position) {
                violate(
                    .sight,
                    "\(device.name) is told of \(message.table) \(message.key) at \(position), which \(device.user) may "
                        + "not read")
            }
        }
    }

    private func mayTell(_ message: ShapeMessage, to person: Text, at position: UInt64) -> Bool {
        if let now = history.moment(at: position), sees(message.key, of: message.table, person, at: now) { return true }
        // Rows of a snapshot do not say of when they are.
        let lives = history.lastMoments(
            of: message.key, in: message.table, from: message.origin?.offset.tx ?? 0, through: position)
        let ended = message.origin == nil ? lives : Array(lives.prefix(1))
        return ended.contains { sees(message.key, of: message.table, person, at: $0) }
    }

    func sees(_ key: RowKey, of table: TableName, _ person: Text, at moment: History.Moment) -> Bool {
        guard let row = moment.rows[table]?[key], let schema = moment.schema[table] else { return false }
        let place = SightPlace(person: person, tx: moment.tx)
        let sight = sights[place] ?? Sight(of: person, in: PlainDatabase(moment))
        if sights.count > 100 { sights = [:] }
        sights[place] = sight
        return sight.sees(PlainRow(table: schema, key: key, row: row))
    }

    /// What a client is shown at a frontier, but for what is the person's own and not confirmed.
    func checkShown(_ index: Int, _ client: ClientView, _ shapes: [HeldShape], at moment: History.Moment) {
        guard options.promises.contains(.sight) else { return }
        for shape in shapes where shape.status == .live {
            for (place, row) in client.shapes[shape.id] ?? [:] where Sight.isRestricted(place.table) && !row.isPending {
                count("rows shown under a rule")
                guard moment.rows[place.table]?[place.key] != nil else { continue }
                if !sees(place.key, of: place.table, devices[index].user, at: moment) {
                    violate(.sight, "d\(index) \(shape.id) shows \(place.table) \(place.key) without permission")
                }
            }
        }
    }

    /// Of the rows that a person was permitted to read, those that stay and are not permitted any more.
    func countLostPermissions(from before: History.Moment, to after: History.Moment) {
        guard before.rows[ModelTables.members] != after.rows[ModelTables.members] else { return }
        for device in devices {
            let old = Sight(of: device.user, in: PlainDatabase(before))
            let new = Sight(of: device.user, in: PlainDatabase(after))
            let gone = PlainDatabase(before)[ModelTables.comments].contains { row in
                after.rows[ModelTables.comments]?[row.key] == row.row && old.sees(row) && !new.sees(row)
            }
            if gone { count("permissions lost") }
        }
    }
}

struct SightPlace: Hashable {
    let person: Text
    let tx: UInt64
}
