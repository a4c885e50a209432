import JSONRPC

/// The owner of the connections. Everything of one connection is called in order, on its event loop: whoever
/// has work that takes long hands it over and answers later.
package protocol ConnectionHandler: Sendable {
    func connected(_ connection: Connection)
    /// MUST be answered exactly once, at any time, from any thread.
    func received(_ request: Request, on connection: Connection)
    func received(_ notification: Notification, on connection: Connection)
    /// The client does not want the answer any more. The request MUST still be answered.
    func cancelled(_ id: RequestID, on connection: Connection)
    /// Notifications were refused, and may be sent again.
    func outboxDrained(_ connection: Connection)
    /// Always the last call. Answers that are still due go nowhere.
    func closed(_ connection: Connection)
}
