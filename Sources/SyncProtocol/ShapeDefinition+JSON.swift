import JSONText
import Shapes
import SyncModel

extension ShapeError {
    /// As a shape's `ended` line tells it.
    package var reason: Reason { Reason(code: code.rawValue, message: description) }
}

extension ShapeDefinition {
    func write(to writer: inout JSONWriter) { writer.value(json) }
}
