import SyncModel

/// A message in the stream, `satchel.catalogue`, without content: tables, or what is published of them, are not what
/// they were. The stream has no line of DDL; this one lets the service look at once, not only when it would anyway.
package enum CatalogueNotice {
    private static let prefix = "satchel.catalogue"

    /// Transactional, so that it comes when what it tells of can be seen.
    package static let statement = "SELECT pg_logical_emit_message(true, '\(prefix)', '')"

    static func isAmong(_ events: [SourceEvent]) -> Bool {
        events.contains { event in
            if case .message(let message) = event { message.prefix == prefix } else { false }
        }
    }
}
