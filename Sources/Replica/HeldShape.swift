import Shapes
import SyncModel

package enum ShapeStatus: Hashable, Sendable {
    /// Not whole yet: nothing of it is shown.
    case initial
    case live
    /// Whole, but not heard of since the replica was opened or the connection went.
    case stale
    /// The service does not serve it.
    case ended(Reason)
}

/// A shape that the replica holds, for as long as it is not forgotten.
package struct HeldShape: Hashable, Sendable {
    /// The name for it on the sync stream; never reused in a replica.
    package let id: String
    package let definition: ShapeDefinition
    /// What the next request says: nil and `.beforeAll` for a shape that begins anew.
    package let handle: ShapeHandle?
    package let offset: LogOffset
    package let status: ShapeStatus
    /// Rows in view.
    package let rowCount: Int
    /// Microseconds since 1970, when it was first asked for; nil where that was not noted.
    package let heldAt: Int64?
    /// Milliseconds from then until its rows first came into view.
    package let firstSync: Int64?
    /// Rows that the service leaves out because the condition fails, as it last said since the replica was opened.
    package let failures: ShapeFailures
}

/// The replica's own record of a held shape.
struct HeldRecord {
    let number: Int64
    let definition: ShapeDefinition
    /// The shape whose windows' look-ahead rows it has. Such a one is nobody's to see.
    var aheadOf: Int64?
    /// nil while the schema does not have what the definition names.
    var resolved: ResolvedShape?
    var handle: ShapeHandle?
    var offset = LogOffset.beforeAll
    /// What comes in is a new life of the shape, collected apart until it is whole.
    var isLoading = true
    /// Was whole once: its rows are in view.
    var isVisible = false
    /// What came in does not reach the frontier yet.
    var hasMore = true
    var ended: Reason?
    var rowCount = 0
    /// Microseconds since 1970.
    var heldAt: Int64?
    /// Microseconds since 1970.
    var inViewAt: Int64?
    /// Windows that cannot be filled from what is held. Not stored: found anew when the replica is opened.
    var shortWindows: Set<WindowID> = []
    /// Heard of since the replica was opened and the connection stood. Not stored.
    var isFresh = false
    /// What the service said of rows that it leaves out. Not stored: it says so again.
    var failures = ShapeFailures.none

    var id: String { Self.id(number) }

    static func id(_ number: Int64) -> String { "s\(number)" }

    var status: ShapeStatus {
        if let ended { return .ended(ended) }
        if !isVisible { return .initial }
        return isFresh ? .live : .stale
    }

    /// Rows may be missing at the end of a window.
    var isShort: Bool { isVisible && !shortWindows.isEmpty }

    /// What people are told of when it changes.
    struct Standing: Hashable {
        let status: ShapeStatus
        let failures: ShapeFailures
    }

    var standing: Standing { Standing(status: status, failures: failures) }

    var held: HeldShape {
        HeldShape(
            id: id, definition: definition, handle: handle, offset: offset, status: status, rowCount: rowCount,
            heldAt: heldAt, firstSync: firstSync, failures: failures)
    }

    private var firstSync: Int64? {
        guard let heldAt, let inViewAt else { return nil }
        return max(0, inViewAt - heldAt) / 1_000
    }

    /// The next request asks for the shape from its beginning. What is in view stays until then, and so does what was
    /// said of the rows that are left out.
    mutating func restart() {
        handle = nil
        offset = .beforeAll
        isLoading = true
        hasMore = true
    }
}

extension Reason {
    /// A shape that ended for it may be served again with another schema.
    package var isOfSchema: Bool {
        let codes: [ShapeError.Code] = [.unknownTable, .unknownColumn, .badInclude]
        return code == "schema_changed" || codes.contains { $0.rawValue == code }
    }
}
