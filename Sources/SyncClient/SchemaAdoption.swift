import SyncModel
import SyncProtocol

/// When a schema that was fetched is taken over, as a value: with the rows that are of it.
///
/// A row in view must not show a column without the value that it has in PostgreSQL. The values of a column that was
/// added come with the stream, at the frontier from which on it names the schema; so both are taken over in one step.
///
/// | event | nothing awaited | a schema awaited |
/// |---|---|---|
/// | delivered, and no row in view is of other columns, or the view is of its frontier | taken over | taken over, the awaited one forgotten |
/// | delivered otherwise | awaited | awaited in the other's place |
/// | a batch, whole and of the schema awaited | applied | taken over with it |
/// | a batch, any other | applied | applied |
/// | a batch that cannot be read without another schema | fetched, asked for again | taken over with it |
package struct SchemaAdoption: Sendable {
    private var awaited: SchemaAnswer?
    /// Of the schema that the rows in view are of.
    private var tagInView: String?
    /// The stream waits with something that could not be read.
    private var isStreamWaiting = false

    package init() {}

    /// True: the schema is to be taken over at once.
    ///
    /// - Parameter awaitsRows: rows in view have other columns in it.
    package mutating func delivered(_ answer: SchemaAnswer, awaitsRows: Bool) -> Bool {
        let isAtOnce = !awaitsRows || answer.tag == tagInView
        awaited = isAtOnce ? nil : answer
        return isAtOnce
    }

    /// The stream goes on with what it could not read. True once.
    package mutating func takeWaitingStream() -> Bool {
        defer { isStreamWaiting = false }
        return isStreamWaiting
    }

    /// What is to be taken over together with a batch.
    package func schema(for frontier: Frontier) -> SchemaAnswer? {
        frontier.isComplete && frontier.schemaTag == awaited?.tag ? awaited : nil
    }

    /// What came names what the schema does not have.
    package mutating func isUnreadable() -> SchemaAnswer? {
        isStreamWaiting = awaited == nil
        return awaited
    }

    /// The schema that was awaited is held.
    package mutating func adopted() { awaited = nil }

    package mutating func applied(_ frontier: Frontier) {
        if frontier.isComplete, let tag = frontier.schemaTag { tagInView = tag }
    }
}
