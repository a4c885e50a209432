import DaemonProtocol
import JSONRPC
import SyncModel
import TerminalText

/// An operation as a person names it: by its id, or by a beginning that no other one's has.
struct OperationName {
    private let text: String

    /// Characters of a beginning, at least.
    private static let least = 4
    /// Candidates that are listed.
    private static let listed = 8

    init(_ text: String) {
        // A narrow table ends an id like this.
        self.text = text.hasSuffix("…") ? String(text.dropLast()) : text
    }

    /// A whole id is asked for as it is; only where there is none of that name are the others looked at.
    func lookedUp<Result>(with daemon: DaemonConnection, _ body: (OperationID) throws -> Result) throws -> Result {
        do {
            return try body(OperationID(text))
        } catch let error as ResponseError where error.code == DaemonErrorCode.unknownOperation.rawValue {
            return try body(match(daemon, error))
        }
    }

    private func match(_ daemon: DaemonConnection, _ error: ResponseError) throws -> OperationID {
        guard text.count >= Self.least else {
            let advice = "The beginning of an id takes at least \(Self.least) characters."
            throw CommandFailure(.notFound, "\(error.message) \(advice)", data: error.json)
        }
        let found = try OperationPages(daemon: daemon).all(states: nil).operations.map(\.id)
            .filter { $0.description.utf8.starts(with: text.utf8) }
        guard let only = found.first else { throw error }
        guard found.count == 1 else {
            let more = found.count > Self.listed ? ", …" : ""
            let list = found.prefix(Self.listed).map(\.description).joined(separator: ", ")
            throw CommandFailure(
                .usage,
                Printable.line("\(found.count) operations begin with \(text), give more of the id: \(list)\(more)"))
        }
        return only
    }
}

/// Reads all pages of the queue.
struct OperationPages {
    let daemon: DaemonConnection

    /// - states: nil for all.
    func all(states: [OperationState]?) throws -> (operations: [OperationSummary], counts: [ListOperations.Count]) {
        var operations: [OperationSummary] = []
        var cursor: String?
        while true {
            let params = ListOperations.Params(states: states, limit: Limits.page, cursor: cursor)
            let page = try daemon.call(ListOperations.self, params)
            operations += page.operations
            guard let next = page.next else { return (operations, page.counts) }
            cursor = next
        }
    }
}
