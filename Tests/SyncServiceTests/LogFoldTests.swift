import GRDB
import JSONText
import PostgresTesting
import SeededRandom
import ShapeEngine
import Shapes
import SyncModel
import SyncProtocol
import Testing

@testable import SyncService

/// What several entries of one row come to. Random logs; the oracle is a reader that takes entry by entry.
@Suite struct LogFoldTests {
    private static let table = TableSchema(
        name: TableName(name: "t"),
        columns: ["id", "v", "hidden"].enumerated().map {
            Column($1, number: $0 + 1, type: ColumnType("int4"))
        }, primaryKey: ["id"])

    private struct Reader: Equatable {
        var rows: [RowKey: SyncModel.Row] = [:]

        mutating func take(_ changes: [LoggedChange]) {
            for change in changes { rows[change.key] = change.kind == .delete ? nil : change.new }
        }
    }

    private struct Log {
        let pool: DatabasePool
        let kept: KeptShape
        var random: SeededGenerator
        var reader = Reader()

        init(_ form: ShapeForm, seed: UInt64) throws {
            pool = try MirrorFile.open(path: TestCluster.temporaryDirectory() + "/mirror.sqlite")
            let definition = try ShapeDefinition(json: JSON(parsing: #"{"root_table": "t", "select": ["v"]}"#))
            kept = KeptShape(
                id: 1, handle: ShapeHandle("h"), form: form,
                shape: try Shape(resolving: definition, in: DatabaseSchema(tables: [LogFoldTests.table])),
                snapshotTx: 0, floor: nil)
            random = SeededGenerator(mixing: seed)
        }

        /// Rows come, change and go; sometimes nothing that is shown changes.
        mutating func write(_ tx: UInt64) throws {
            var changes: [ShapeChange] = []
            for number in 0..<6 where random.chance(40) {
                let text = Text("\(number)")
                let key = RowKey(values: [.text(text)])
                let row = SyncModel.Row([
                    .text(text), .text(Text("\(random.below(2))")), .text(Text("\(random.below(9))")),
                ])
                let old = reader.rows[key]
                let kind: ShapeMessage.Kind = old == nil ? .insert : random.chance(50) ? .delete : .update
                // Electric's clients are told of what is shown only.
                if kind == .update, kept.form != .stream, old?[1] == row[1] { continue }
                reader.rows[key] = kind == .delete ? nil : row
                changes.append(
                    ShapeChange(
                        kind: kind, table: LogFoldTests.table.name, key: key, old: old,
                        new: kind == .delete ? nil : row))
            }
            try pool.write { db in
                let writer = try ShapeLogWriter.Entries(in: db)
                _ = try writer.append(changes, to: kept, tx: tx) { change in
                    let own = RowChange(
                        table: change.table, key: change.key, old: change.old, new: change.new, clock: nil)
                    return try writer.insert(own, change, clock: nil, tx: tx, xid: UInt32(tx))
                }
            }
        }

        func entries(after tx: UInt64 = 0, through end: UInt64 = 1_000) throws -> [LoggedChange] {
            try pool.read { db in
                var changes: [LoggedChange] = []
                try ShapeLogReader(db: db).forEachChange(of: kept.id, after: .endOf(tx: tx), through: end) {
                    changes.append($0)
                }
                return changes
            }
        }

        /// Returns how many entries are gone.
        func fold(after told: UInt64, into tx: UInt64) throws -> Int {
            try pool.write { db in
                let writer = ShapeLogWriter(db: db)
                let next = try writer.moveEntries(of: kept.id, after: told, to: tx)
                let moved = try ShapeLogReader(db: db).lastOffset(of: kept.id)
                #expect(next == 0 || moved == LogOffset(tx: tx, op: next - 2))
                let count = try writer.fold(kept, in: tx)
                try writer.endTransaction(tx, of: kept.id)
                let stray = "SELECT count(*) FROM change WHERE id NOT IN (SELECT change FROM entry)"
                #expect(try Int.fetchOne(db, sql: stray) == 0)
                return count
            }
        }
    }

    @Test(arguments: [ShapeForm.stream, .electric(full: false, changesOnly: false)])
    func aReaderWhoIsToldAtOnceHasWhatOneWhoIsToldOfEachHas(_ form: ShapeForm) throws {
        let seed = SeededGenerator.seed(1)
        var counts: [String: Int] = ["gone": 0, "insert": 0, "update": 0, "delete": 0, "at its own place": 0]
        for run in 0..<40 {
            var log = try Log(form, seed: seed &+ UInt64(run))
            for tx in 1...8 { try log.write(UInt64(tx * 10)) }
            let told: UInt64 = [0, 40, 80][run % 3]
            // The newest may be where it is moved to.
            let into: UInt64 = run.isMultiple(of: 2) ? 80 : 90
            let before = try log.entries()
            let shown = before.filter { $0.offset.tx <= told }
            let gone = try log.fold(after: told, into: into)
            let after = try log.entries()
            #expect(after.count == before.count - gone)
            #expect(after.prefix(shown.count).map(\.offset) == shown.map(\.offset))

            let rest = try log.entries(after: told)
            var (reader, start) = (Reader(), Reader())
            reader.take(shown)
            start = reader
            reader.take(rest)
            #expect(reader.rows.mapValues { shownColumns($0) } == log.reader.rows.mapValues { shownColumns($0) })
            #expect(rest.allSatisfy { $0.offset.tx == into } && Set(rest.map(\.key)).count == rest.count)
            #expect(rest.map(\.isLast) == rest.indices.map { $0 == rest.count - 1 })
            for change in rest {
                // It tells what the reader had, and what it does not have yet.
                #expect((change.kind == .insert) == (start.rows[change.key] == nil))
                if change.kind != .insert { #expect(change.old == start.rows[change.key]) }
                if form != .stream, change.kind == .update {
                    #expect(change.old.map(shownColumns) != change.new.map(shownColumns))
                }
                counts[change.kind.rawValue, default: 0] += 1
            }
            counts["gone", default: 0] += gone
            if into == 80, told < 80 { counts["at its own place", default: 0] += 1 }
        }
        print("fold, \(form.name): seed \(seed), \(counts.sorted { $0.key < $1.key })")
        for (what, count) in counts { #expect(count > 0, "\(what)") }
    }

    private func shownColumns(_ row: SyncModel.Row) -> [Value] { Array(row.values.prefix(2)) }
}
