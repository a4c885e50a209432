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
    private var byID: [Int64: KeptShape] = [:]
    private var byIdentity: [String: Int64] = [:]
    private var byHandle: [ShapeHandle: Int64] = [:]
    private var byTable: [TableName: Set<Int64>] = [:]
    private var withFloor: Set<Int64> = []

    var count: Int { byID.count }

    /// By id.
    var all: [KeptShape] { byID.values.sorted { $0.id < $1.id } }

    /// Those of which a part is not told any more, by id.
    var revoked: [KeptShape] { withFloor.sorted().compactMap { byID[$0] } }

    subscript(id: Int64) -> KeptShape? { byID[id] }

    subscript(handle: ShapeHandle) -> KeptShape? { byHandle[handle].flatMap { byID[$0] } }

    subscript(identity: String) -> KeptShape? { byIdentity[identity].flatMap { byID[$0] } }

    mutating func add(_ kept: KeptShape) {
        byID[kept.id] = kept
        if kept.floor == nil { byIdentity[kept.identity] = kept.id } else { withFloor.insert(kept.id) }
        byHandle[kept.handle] = kept.id
        for table in kept.shape.tablesRead { byTable[table, default: []].insert(kept.id) }
    }

    mutating func remove(_ kept: KeptShape) {
        byID[kept.id] = nil
        byHandle[kept.handle] = nil
        withFloor.remove(kept.id)
        if byIdentity[kept.identity] == kept.id { byIdentity[kept.identity] = nil }
        for table in kept.shape.tablesRead { byTable[table]?.remove(kept.id) }
    }

    /// The shapes that one of the tables decides about, by id.
    func touching(_ tables: [TableName]) -> [KeptShape] {
        let ids = tables.reduce(into: Set<Int64>()) { $0.formUnion(byTable[$1] ?? []) }
        return ids.sorted().compactMap { byID[$0] }
    }
}

extension Mirror {
    func keptShape(_ id: Int64) -> KeptShape? { withMemory { $0.shapes[id] } }

    func keptShape(_ handle: ShapeHandle?) -> KeptShape? {
        handle.flatMap { handle in withMemory { $0.shapes[handle] } }
    }

    func keptShape(identity: String) -> KeptShape? { withMemory { $0.shapes[identity] } }

    /// By id.
    var keptShapes: [KeptShape] { withMemory { $0.shapes.all } }

    var shapeCount: Int { withMemory { $0.shapes.count } }

    func keptShapes(touching tables: [TableName]) -> [KeptShape] { withMemory { $0.shapes.touching(tables) } }
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
