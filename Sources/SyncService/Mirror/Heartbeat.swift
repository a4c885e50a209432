import JSONText
import SyncModel

/// A message of the service's own in the stream, `satchel.heartbeat` `{"xmin": "753"}`: no transaction below
/// `xmin` was in flight any more when it was sent, so that all that they did lies before it in the stream.
package enum Heartbeat {
    private static let prefix = "satchel.heartbeat"

    /// Transactional: before PostgreSQL 17 any other message may stay unwritten until somebody commits.
    package static let statement = """
        SELECT pg_logical_emit_message(true, '\(prefix)',
            json_build_object('xmin', pg_snapshot_xmin(pg_current_snapshot())::text)::text)
        """

    /// nil: the event is no heartbeat.
    static func xmin(of event: SourceEvent) -> UInt64? {
        guard case .message(let message) = event, message.prefix == prefix else { return nil }
        return (try? JSON(parsing: message.content.string))?["xmin"]?.string.flatMap { UInt64($0) }
    }
}
