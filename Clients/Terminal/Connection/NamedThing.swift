import DaemonProtocol
import JSONRPC
import SyncModel
import TerminalText

/// Something that the data model has a name for. A request that is refused because there is nothing of that name is
/// told apart, for scripts, from one that is wrong in itself.
enum NamedThing {
    case view(String)
    case shape(String)

    func lookedUp<Result>(with daemon: DaemonConnection, _ body: () throws -> Result) throws -> Result {
        do {
            return try body()
        } catch let error as ResponseError where error.code == DaemonErrorCode.invalidShape.rawValue {
            // Where the names cannot be had, the daemon's own error says more than that.
            guard let names = try? daemon.call(ListViews.self, Nothing()), !isAmong(names) else { throw error }
            throw CommandFailure(.notFound, error.message, data: error.json)
        }
    }

    private func isAmong(_ names: ListViews.Result) -> Bool {
        switch self {
        case .view(let name): names.views.contains { Text($0.name) == Text(name) }
        case .shape(let name): names.shapes.contains { Text($0.name) == Text(name) }
        }
    }
}

extension NamedThing? {
    func lookedUp<Result>(with daemon: DaemonConnection, _ body: () throws -> Result) throws -> Result {
        guard let self else { return try body() }
        return try self.lookedUp(with: daemon, body)
    }
}
