import Replica

/// The replica's words for what has a form of its own on the wire, and there the same name. The module cannot be
/// named in front of them, because it has a type of its name.
typealias HeldStatus = ShapeStatus
typealias LocalRow = ViewRow
typealias LocalChange = ViewChange
typealias QueuedState = OperationState
