import JSONText
import Merge
import SyncModel

/// Stamps that are still to be written over the triggers': one statement for many rows of a batch.
///
/// The rows are locked until the transaction ends, so that nobody misses a stamp but the batch itself: it
/// writes them before it reads such a row again.
struct PendingStamps {
    private struct Place: Hashable {
        let table: TableName
        let key: RowKey
    }

    private var places: Set<Place> = []
    private var json: JSONWriter?
    private(set) var count = 0

    func contains(_ table: TableName, _ key: RowKey) -> Bool { places.contains(Place(table: table, key: key)) }

    /// The operation wrote these columns, or the whole row (nil).
    mutating func add(_ stamp: ColumnClock, to names: [String]?, of table: TableName, _ key: RowKey) {
        places.insert(Place(table: table, key: key))
        count += 1
        var json = self.json ?? JSONWriter(reserving: 4096)
        if self.json == nil { json.beginArray() }
        self.json = nil
        json.beginArray()
        json.string(table.description)
        json.string(key.text.string)
        json.value(stamp.json)
        json.beginObject()
        for name in names ?? [] {
            json.key(name)
            json.value(stamp.json)
        }
        json.endObject()
        json.bool(names == nil)
        json.endArray()
        self.json = json
    }

    /// The parameter of `statement`; the stamps are no longer pending.
    mutating func take() -> String {
        json?.endArray()
        let text = json.map { String(decoding: $0.bytes, as: UTF8.self) } ?? "[]"
        self = PendingStamps()
        return text
    }

    /// What the trigger stamped stays for columns that the operation did not write (a trigger of the user did).
    /// The stamp's version was drawn when the row was locked: greater than any that anybody has seen of this
    /// row, and less than the trigger's. A row that had no clock, and did not change for the trigger, gets its
    /// clock here.
    static let statement = """
        INSERT INTO satchel.clock AS c (relation, key, version, clock, stamp_version, stamp_clock, stamp_replica,
            stamp_seq, columns)
        SELECT s ->> 0, s ->> 1, (s -> 2 ->> 0)::bigint, (s -> 2 ->> 1)::bigint,
            CASE WHEN is_whole THEN (s -> 2 ->> 0)::bigint ELSE 0 END,
            CASE WHEN is_whole THEN (s -> 2 ->> 1)::bigint ELSE 0 END,
            CASE WHEN is_whole THEN s -> 2 ->> 2 ELSE '' END,
            CASE WHEN is_whole THEN (s -> 2 ->> 3)::bigint ELSE 0 END, s -> 3
        FROM jsonb_array_elements($1::jsonb) AS s, LATERAL (SELECT (s ->> 4)::boolean AS is_whole) AS w
        ON CONFLICT (relation, key) DO UPDATE SET
            version = greatest(c.version, excluded.version),
            clock = CASE WHEN excluded.stamp_version > 0 THEN excluded.clock ELSE greatest(c.stamp_clock,
                (SELECT max((e.value ->> 1)::bigint) FROM jsonb_each(c.columns || excluded.columns) AS e)) END,
            stamp_version = CASE WHEN excluded.stamp_version > 0 THEN excluded.stamp_version ELSE c.stamp_version END,
            stamp_clock = CASE WHEN excluded.stamp_version > 0 THEN excluded.stamp_clock ELSE c.stamp_clock END,
            stamp_replica = CASE WHEN excluded.stamp_version > 0 THEN excluded.stamp_replica ELSE c.stamp_replica END,
            stamp_seq = CASE WHEN excluded.stamp_version > 0 THEN excluded.stamp_seq ELSE c.stamp_seq END,
            columns = CASE WHEN excluded.stamp_version > 0 THEN '{}' ELSE c.columns || excluded.columns END
        """
}
