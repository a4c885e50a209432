import Dispatch
import Synchronization

/// Tells, while a slot is being made, which transaction it waits for: after `patience`, and then every ten times
/// as long.
///
/// `@unchecked Sendable` because `connection` is touched on `queue` only.
final class SlotWatch: @unchecked Sendable {
    private let timer: any DispatchSourceTimer
    private let queue = DispatchQueue(label: "satchel slot watch")
    private let conninfo: String
    private let waiting: @Sendable (RunningTransaction) -> Void
    private var connection: PostgresConnection?

    init(conninfo: String, patience: Duration, waiting: @escaping @Sendable (RunningTransaction) -> Void) {
        self.conninfo = conninfo
        self.waiting = waiting
        timer = DispatchSource.makeTimerSource(queue: queue)
        let milliseconds = Int(patience / .milliseconds(1))
        timer.schedule(
            deadline: .now() + .milliseconds(milliseconds), repeating: .milliseconds(max(1, 10 * milliseconds)))
        timer.setEventHandler { [weak self] in self?.look() }
        timer.activate()
    }

    func end() {
        timer.cancel()
        queue.sync {
            connection?.close()
            connection = nil
        }
    }

    /// Who cannot be asked is asked again the next time; the slot itself tells what is wrong.
    private func look() {
        guard !timer.isCancelled else { return }
        let open = connection ?? (try? PostgresConnection(conninfo, applicationName: "satchel slot watch"))
        connection = open
        guard let open, let transaction = try? RunningTransaction.oldest(open) else { return }
        waiting(transaction)
    }
}
