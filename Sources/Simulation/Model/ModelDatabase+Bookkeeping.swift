import Merge
import SyncModel

extension ModelDatabase {
    /// What is kept of each row ever stamped, living or deleted, one line each: `relation|key|clock|deleted|stamp's
    /// replica|stamp's seq|deleting replica|deleting seq|column:replica:seq,…`. Versions, and clocks from
    /// `wallClock` on (written `later`), differ from database to database; who wrote what last does not.
    package func bookkeeping(wallClock: Int64) -> [String] {
        var lines: [String] = []
        for table in state.clocks.keys.sorted() {
            let clocks = state.clocks[table] ?? [:]
            for key in clocks.keys.sorted() {
                guard let entry = clocks[key] else { continue }
                let columns = entry.clocks.columns.keys.sorted { Text($0) < Text($1) }.map { name in
                    let clock = entry.clocks[name]
                    return "\(name):\(clock.replica):\(clock.seq)"
                }
                let stamp = entry.clocks.stamp
                let deletion = entry.deletion.map { "t|\(stamp.replica)|\(stamp.seq)|\($0.replica)|\($0.seq)" }
                let clock = entry.clocks.clock.microseconds
                lines.append(
                    "\(table)|\(key)|\(clock < wallClock ? "\(clock)" : "later")|\(deletion ?? "f|\(stamp.replica)|\(stamp.seq)||")|"
                        + columns.joined(separator: ","))
            }
        }
        return lines
    }
}
