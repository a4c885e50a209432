import Replica
import SyncModel

/// Every operation that a device answered for, kept outside of all that can fail.
struct Ledger {
    struct Entry {
        let device: Int
        let order: Int
        let operation: Operation
        let address: ClientView.Place
        var state = OperationState.queued
        /// The person has been told that it is kept.
        var isAnswered = false
        var isRetried = false
        var isDismissed = false
        /// Columns whose values have to stay in view until the effect has come back.
        var watched: Set<String>
        /// A delete: the row has to stay out of view.
        var watchesDelete: Bool
    }

    private(set) var entries: [OperationID: Entry] = [:]
    private(set) var order: [OperationID] = []
    /// Those that may still be watched, per device.
    private var open: [Int: [OperationID]] = [:]

    subscript(id: OperationID) -> Entry? { entries[id] }

    func operations(of device: Int) -> [OperationID] { order.filter { entries[$0]?.device == device } }

    func openOperations(of device: Int) -> [OperationID] { open[device] ?? [] }

    /// The person of this device deletes the row, or did.
    func deletes(_ place: ClientView.Place, of device: Int) -> Bool {
        order.contains { id in
            guard let entry = entries[id] else { return false }
            return entry.device == device && entry.operation.action == .delete && entry.address == place
        }
    }

    mutating func change(_ id: OperationID, _ body: (inout Entry) -> Void) {
        if var entry = entries[id] {
            body(&entry)
            entries[id] = entry
        }
    }

    mutating func close(_ id: OperationID) {
        guard let device = entries[id]?.device else { return }
        open[device]?.removeAll { $0 == id }
    }

    mutating func add(_ record: OperationRecord, device: Int, key: RowKey) {
        let operation = record.operation
        guard entries[operation.id] == nil else { return }
        let address = ClientView.Place(table: operation.table, key: key)
        stopWatching(what: operation, at: address, device: device)
        entries[operation.id] = Entry(
            device: device, order: order.count, operation: operation, address: address,
            watched: Set(operation.set.keys), watchesDelete: operation.action == .delete)
        order.append(operation.id)
        open[device, default: []].append(operation.id)
    }

    /// It takes effect after operations that were submitted later. A delete hides again what it had given back.
    mutating func noteRetry(of id: OperationID) {
        change(id) { $0.isRetried = true }
        guard let entry = entries[id], entry.operation.action == .delete else { return }
        stopWatching(what: entry.operation, at: entry.address, device: entry.device)
    }

    /// What a later write of the same person overwrites is no longer to be seen.
    private mutating func stopWatching(what later: Operation, at address: ClientView.Place, device: Int) {
        for id in openOperations(of: device) {
            change(id) { entry in
                if later.action == .delete {
                    // It may take rows of other tables along.
                    if entry.address == address || entry.address.table != address.table { entry.watched = [] }
                } else if entry.address == address {
                    entry.watched.subtract(later.set.keys)
                    entry.watchesDelete = false
                }
            }
        }
    }
}
