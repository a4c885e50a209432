/// The bounds of everything that a client may send. The daemon announces those that a client can meet in
/// `initialize` (`limits`).
package enum Limits {
    /// Rows or operations of one page.
    package static let page = 10_000
    package static let defaultPage = 1_000
    /// Operations of one submit.
    package static let submit = 10_000
    /// Milliseconds that a request may wait.
    package static let wait = 3_600_000
    /// Milliseconds that the service may take to explain a row where the client does not say.
    package static let defaultExplanationWait = 5_000
    /// Bytes of names, ids and cursors.
    package static let text = 4 << 10
    /// Bytes of an operation id.
    package static let operationID = 128
    /// Bytes of a token.
    package static let token = 64 << 10
    /// Bytes of one row value.
    package static let value = 64 << 20
}
