import Shapes
import SyncModel

/// In which form a shape's log is told: our stream's, or Electric's.
enum ShapeForm: Hashable, Sendable {
    case stream
    /// `full`: updates carry the whole row and the old values (`replica=full`).
    case electric(full: Bool, changesOnly: Bool)

    var name: String {
        switch self {
        case .stream: "stream"
        case .electric(let full, let changesOnly):
            "electric" + (full ? " full" : "") + (changesOnly ? " changes_only" : "")
        }
    }

    init?(name: String) {
        if name == "stream" {
            self = .stream
            return
        }
        guard name.hasPrefix("electric") else { return nil }
        self = .electric(full: name.contains(" full"), changesOnly: name.contains(" changes_only"))
    }
}

/// A shape that the service keeps a log of.
struct KeptShape: Sendable {
    let id: Int64
    let handle: ShapeHandle
    let form: ShapeForm
    let shape: Shape
    /// The transaction that the snapshot stands at; the log begins after it.
    let snapshotTx: UInt64
    /// What stands before it in snapshot and log is not told any more: a permission went, or a column. nil: nothing
    /// did.
    let floor: LogOffset?

    var identity: String { Self.identity(shape, form) }

    /// Equal definitions in the same form share one log, for people for whom the read rules come to the same.
    static func identity(_ shape: Shape, _ form: ShapeForm) -> String {
        let grant = shape.grant.text
        return "\(form.name) \(shape.definition.canonical)" + (grant.isEmpty ? "" : " \(grant)")
    }
}

/// The shapes that are kept, by each way they are looked for. Changed only inside the mirror's write
/// transactions, so that no transaction of the stream falls between a snapshot and its log.
struct ShapeRegistry: Sendable {
    private(set) var byID: [Int64: KeptShape] = [:]
    private var byIdentity: [String: KeptShape] = [:]
    private var byHandle: [ShapeHandle: KeptShape] = [:]
    private var byTable: [TableName: [KeptShape]] = [:]

    var count: Int { byID.count }

    /// By id.
    var all: [KeptShape] { byID.values.sorted { $0.id < $1.id } }

    subscript(handle: ShapeHandle) -> KeptShape? { byHandle[handle] }

    subscript(identity: String) -> KeptShape? { byIdentity[identity] }

    mutating func add(_ kept: KeptShape) {
        byID[kept.id] = kept
        if kept.floor == nil { byIdentity[kept.identity] = kept }
        byHandle[kept.handle] = kept
        for table in kept.shape.tablesRead { byTable[table, default: []].append(kept) }
    }

    mutating func remove(_ kept: KeptShape) {
        byID[kept.id] = nil
        byHandle[kept.handle] = nil
        if byIdentity[kept.identity]?.id == kept.id { byIdentity[kept.identity] = nil }
        for table in kept.shape.tablesRead { byTable[table]?.removeAll { $0.id == kept.id } }
    }

    /// The shapes that one of the tables decides about, by id.
    func touching(_ tables: [TableName]) -> [KeptShape] {
        var found: [Int64: KeptShape] = [:]
        for table in tables { for kept in byTable[table] ?? [] { found[kept.id] = kept } }
        return found.values.sorted { $0.id < $1.id }
    }
}

/// The newest reasons why shapes ended; old ones are forgotten.
struct BoundedFailures: Sendable {
    static let capacity = 1000
    private var reasons: [ShapeHandle: Reason] = [:]
    private var order: [ShapeHandle] = []

    subscript(handle: ShapeHandle) -> Reason? {
        get { reasons[handle] }
        set {
            if reasons[handle] == nil { order.append(handle) }
            reasons[handle] = newValue
            if order.count > Self.capacity { reasons[order.removeFirst()] = nil }
        }
    }
}
