import Replica
import SyncModel

/// The rows of each shape as a client of the daemon knows them: read once, then changed by effects only.
struct ClientView: Equatable {
    struct Place: Hashable, Comparable {
        let table: TableName
        let key: RowKey

        static func < (left: Place, right: Place) -> Bool { (left.table, left.key) < (right.table, right.key) }
    }

    struct Held: Equatable {
        var fields: [String: Value]
        var isPending: Bool
    }

    var shapes: [String: [Place: Held]] = [:]

    /// False where a change does not fit what is held.
    mutating func apply(_ effects: Effects, reading read: (String) throws -> [ViewRow]) rethrows -> Bool {
        var fits = true
        for effect in effects.shapes {
            if effect.isReset {
                shapes[effect.shape] = Self.rows(try read(effect.shape))
                continue
            }
            for change in effect.changes where !apply(change, to: effect.shape) { fits = false }
        }
        return fits
    }

    private mutating func apply(_ change: ViewChange, to shape: String) -> Bool {
        let place = Place(table: change.table, key: change.key)
        let held = shapes[shape]?[place]
        switch change.kind {
        case .insert:
            shapes[shape, default: [:]][place] = Held(
                fields: Self.fields(change.fields), isPending: change.isPending)
            return held == nil
        case .update:
            guard var held else { return false }
            for field in change.fields { held.fields[field.column] = field.value }
            held.isPending = change.isPending
            shapes[shape]?[place] = held
            return true
        case .delete:
            shapes[shape]?[place] = nil
            return held != nil
        }
    }

    static func rows(_ rows: [ViewRow]) -> [Place: Held] {
        var held: [Place: Held] = [:]
        for row in rows {
            held[Place(table: row.table, key: row.key)] = Held(fields: fields(row.fields), isPending: row.isPending)
        }
        return held
    }

    private static func fields(_ fields: [ShapeMessage.Field]) -> [String: Value] {
        Dictionary(fields.map { ($0.column, $0.value) }, uniquingKeysWith: { $1 })
    }
}
