import JSONText
import Merge
import SyncModel

/// The bookkeeping's form of clocks: `[version, clock, replica, seq]`.
extension ColumnClock {
    var json: JSON { [.int(version), .int(clock.microseconds), .string(replica.description), .int(seq)] }

    init?(_ json: JSON) {
        guard let version = json[0]?.int, let clock = json[1]?.int, let replica = json[2]?.string,
            let seq = json[3]?.int
        else { return nil }
        self.init(
            version: version, clock: HybridTimestamp(microseconds: clock), replica: ReplicaID(replica), seq: seq)
    }
}

extension RowClocks {
    /// The value of `satchel.clock.columns`.
    var columnsJSON: JSON {
        let names = columns.keys.sorted { Text($0) < Text($1) }
        return .object(JSONObject(names.map { ($0, self[$0].json) }))
    }

    static func columns(_ json: JSON) -> [String: ColumnClock] {
        var columns: [String: ColumnClock] = [:]
        for member in json.object?.members ?? [] {
            if let clock = ColumnClock(member.value) { columns[member.key] = clock }
        }
        return columns
    }
}
