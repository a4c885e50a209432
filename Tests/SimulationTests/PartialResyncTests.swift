import Foundation
import Shapes
import SyncClient
import SyncModel
import SyncProtocol
import SyncService
import Testing

/// A table that changes while the service is down, after its machine lost what it had told last.
@Suite struct PartialResyncTests {
    private static let table = TableName(name: "notes")
    private static let epoch = Epoch(systemIdentifier: "1", timeline: 1)

    private static func catalogue(_ columns: [String]) -> DatabaseSchema {
        DatabaseSchema(tables: [
            TableSchema(
                name: table,
                columns: columns.enumerated().map { Column($1, number: $0 + 1, type: ColumnType("text")) },
                primaryKey: ["id"])
        ])
    }

    private static func snapshot(_ rows: [[Value]], _ columns: [String], at point: UInt64)
        -> SynchronousMirror.Snapshot
    {
        SynchronousMirror.Snapshot(
            rows: rows.map { (table: table, row: Row($0), clock: .zero) }, catalogue: catalogue(columns),
            consistentPoint: LSN(point), time: 0, nextXID: 9, confirmed: [])
    }

    private static func insert(_ id: Text, at position: UInt64) -> SourceTransaction {
        let change = SourceChange(kind: .insert, table: table, columns: ["id"], old: nil, new: [.text(id)])
        return SourceTransaction(
            xid: 10, position: LSN(position), end: LSN(position + 8), committedAt: 1, events: [.change(change)])
    }

    private static func ask(_ mirror: SynchronousMirror, after held: ShapeBatch? = nil) throws -> ShapeBatch {
        let shape = SyncRequest.Shape(
            id: "s", definition: try ShapeDefinition(rootTable: table), handle: held?.handle,
            offset: held?.offset ?? .beforeAll)
        let request = SyncRequest(replica: ReplicaID("r"), isLive: false, shapes: [shape])
        var exchange = StreamExchange()
        _ = exchange.receive(.head(HTTPResponseHead(status: 200)))
        _ = exchange.receive(.bytes(try mirror.answer(request, now: .zero).body))
        guard case .answered(let batch) = exchange.receive(.finished) else {
            throw ServiceError(.internal, "no answer")
        }
        return try #require(batch.shapes.first)
    }

    /// The row that a reader has was written after what the file has, and deleted before the table was read anew: no
    /// difference tells of it.
    @Test func whoeverWasToldMoreThanTheFileHasBeginsAnew() throws {
        let directory = FileManager.default.temporaryDirectory.path + "/satchel-resync-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: directory) }
        let first = try SynchronousMirror(path: "\(directory)/first.sqlite")
        try first.copy(Self.snapshot([["a"]], ["id"], at: 100), epoch: Self.epoch)
        let beginning = try Self.ask(first, after: try Self.ask(first))
        for suffix in ["", "-wal"] {
            try FileManager.default.copyItem(
                atPath: "\(directory)/first.sqlite\(suffix)", toPath: "\(directory)/second.sqlite\(suffix)")
        }
        #expect(try first.apply([Self.insert("b", at: 200)]) == nil)
        let told = try Self.ask(first, after: beginning)
        #expect(told.messages.map(\.key.description) == ["\"b\""])

        let second = try SynchronousMirror(path: "\(directory)/second.sqlite")
        let columns = ["id", "more"]
        guard
            case .compare(let tables, _) = second.plan(
                server: Self.epoch, slot: MirrorPlan.Slot(confirmed: LSN(100), isLost: false),
                catalogue: Self.catalogue(columns))
        else { throw ServiceError(.internal, "it should compare") }
        try second.compare(tables, Self.snapshot([["a", .null]], columns, at: 300))
        #expect(try second.apply([Self.insert("b", at: 200)]) == nil)
        try second.frontierMoved(to: LSN(400))
        #expect(!second.isUnsettled)
        #expect(try Self.ask(second, after: told).isReset)
        // Who knows no more than the file goes on.
        #expect(try !Self.ask(second, after: beginning).isReset)
    }
}
