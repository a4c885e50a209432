/// How much of a shape is held here.
package enum ShapeStatus: String, Hashable, Sendable, CaseIterable {
    /// Nothing yet: the rows come as changes.
    case initial
    case live
    /// Held, but not connected.
    case stale
    /// The service does not serve it any more.
    case ended
}
