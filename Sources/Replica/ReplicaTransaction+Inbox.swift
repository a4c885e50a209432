import Foundation
import GRDB
import Merge
import SyncModel

/// Messages of shapes in view, on their way into the view.
///
/// Those of an answer that leaves a shape behind the frontier wait in the file, with the offsets that say that they
/// were received. Those of one that reaches it are in memory already, and go straight into the rows.
extension ReplicaTransaction {
    ///
    /// Their columns have to be known already: one that is dropped before they are played would never be.
    func keepForLater(_ messages: [ShapeMessage], _ index: Int) throws {
        let number = memory.shapes[index].number
        for message in messages {
            if let schema = memory.table(message.table) {
                for field in message.fields { _ = try Self.index(of: field, in: schema) }
            }
            if let clock = message.clock { memory.clock.observe(clock.clock) }
            try db.cachedStatement(sql: "INSERT INTO inbox (shape, tx, message) VALUES (?, ?, ?)")
                .execute(arguments: [number, Int64(clamping: message.transaction), Data(MessageText.write(message))])
        }
    }

    /// Applies what waits and what came, over all shapes in the order of their transactions: shapes share rows, and an
    /// earlier image of a row that one shape tells of, before the row left it, must not come after a later one of
    /// another. Each transaction but the last, which ends with the event, is a step of its own.
    func play(_ received: [(index: Int, messages: [ShapeMessage])]) throws {
        // A shape that is in view as it was, until its new life takes its place, would show half of a transaction.
        let isApart = memory.shapes.allSatisfy { !($0.isVisible && $0.isLoading) || $0.ended != nil }
        var player = Player(isApart: isApart)
        let fresh = Self.order(received)
        var next = 0
        let cursor = try GRDB.Row.fetchCursor(db, sql: "SELECT shape, message, tx FROM inbox ORDER BY tx, ordinal")
        while let row = try cursor.next() {
            let transaction = UInt64(clamping: row["tx"] as Int64)
            while next < fresh.count, fresh[next].transaction < transaction {
                try play(fresh[next], received, &player)
                next += 1
            }
            guard let index = memory.index(of: row["shape"]) else { continue }
            guard let message = try MessageText.read([UInt8](row["message"] as Data)) else {
                throw ReplicaError(.corrupt, "The inbox holds a message that cannot be read")
            }
            try play(message, of: index, in: transaction, &player)
        }
        for place in fresh[next...] { try play(place, received, &player) }
        if player.transaction > 0, isApart { position = player.transaction }
        for index in player.unfit.sorted() { try restart(index) }
        try db.execute(sql: "DELETE FROM inbox")
    }

    private struct Player {
        let isApart: Bool
        /// The one that is being applied; 0: none that has a position.
        var transaction: UInt64 = 0
        /// Shapes whose messages do not fit what is held.
        var unfit: Set<Int> = []
    }

    private struct Place {
        let transaction: UInt64
        let part: Int
        let message: Int
    }

    private static func order(_ received: [(index: Int, messages: [ShapeMessage])]) -> [Place] {
        var places: [Place] = []
        for (part, shape) in received.enumerated() {
            for (message, content) in shape.messages.enumerated() {
                places.append(Place(transaction: content.transaction, part: part, message: message))
            }
        }
        if received.count < 2 { return places }
        return places.sorted { ($0.transaction, $0.part, $0.message) < ($1.transaction, $1.part, $1.message) }
    }

    private func play(
        _ place: Place, _ received: [(index: Int, messages: [ShapeMessage])], _ player: inout Player
    ) throws {
        let part = received[place.part]
        try play(part.messages[place.message], of: part.index, in: place.transaction, &player)
    }

    private func play(
        _ message: ShapeMessage, of index: Int, in transaction: UInt64, _ player: inout Player
    ) throws {
        if transaction != player.transaction {
            if player.transaction > 0, player.isApart { try endStep(at: player.transaction) }
            player.transaction = transaction
        }
        let record = memory.shapes[index]
        guard !player.unfit.contains(index), !record.isLoading, record.ended == nil else { return }
        if try !apply(message, to: record) { player.unfit.insert(index) }
    }
}

extension ShapeMessage {
    /// The tx part of its offset; 0 in a snapshot.
    fileprivate var transaction: UInt64 { origin?.offset.tx ?? 0 }
}
