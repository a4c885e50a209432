import SyncModel

/// PostgreSQL's text form of an array, for who needs the elements' texts and not their values. Of any element type
/// that is delimited by commas.
package struct ArrayText: Hashable, Sendable {
    private let array: ArrayValue

    /// nil for what is no such array.
    package init?(_ text: Text) {
        guard let array = ArraySyntax.parse(text, element: .text) else { return nil }
        self.array = array
    }

    /// In row-major order; nil for NULL.
    package var elements: [Text?] { array.elements.map { $0?.text(as: .text) } }

    /// As PostgreSQL writes it, where it leaves the elements as they are.
    package var text: Text { Text(ArraySyntax.text(array, element: .text)) }
}
