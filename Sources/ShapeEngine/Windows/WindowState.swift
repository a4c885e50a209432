import Shapes
import SyncModel

/// One window of a shape: of a node, and of the row that it is for.
struct WindowPlace: Hashable, Sendable {
    let node: Int
    /// `wholeGroup` for the root's.
    let group: RowKey
}

/// What decides which of a group's rows are in its window: where it ends. No rows, and no keys but one.
struct WindowState: Hashable, Sendable {
    /// How many rows are in it: with a bound, as many as the window takes.
    let count: Int
    /// The place of the last row, or any between that and the next one's. nil: all rows of the group are in it.
    let bound: RowOrder.Place?

    func contains(_ place: RowOrder.Place) -> Bool { bound.map { place <= $0 } ?? true }
}

/// The group of the root's one window, in place of a row's key.
let wholeGroup = RowKey(text: Text(""))

/// What a transaction does to the rows that a window is taken from: the places that are no more, and the new ones.
struct GroupChange {
    var removed: [RowOrder.Place] = []
    var added: [RowOrder.Place] = []

    /// How many rows would be in the window if its bound stayed.
    func count(after state: WindowState) -> Int {
        state.count - removed.count(where: state.contains) + added.count(where: state.contains)
    }
}
