import Postgres

extension Bookkeeping {
    /// Days that a tombstone is kept at least; and days after which a replica that was not seen no longer holds
    /// one back.
    package static let tombstoneDays = 7
    package static let silentReplicaDays = 90
    /// As many in one statement.
    private static let collectionLimit = 10_000

    /// Removes the tombstones (and what `nulled` holds) that no replica can need any more: of rows deleted more
    /// than `tombstoneDays` ago, since when every replica has sent something, but for those silent for
    /// `silentReplicaDays`. What a replica that comes back later changed in such a row is refused as `row_missing`.
    /// Returns how many tombstones went.
    ///
    /// A tombstone's clock is the time of its delete, or later. Rows that are locked are left for the next time.
    @discardableResult
    package static func collect(on connection: PostgresConnection) throws -> Int {
        var count = 0
        while true {
            let removed = try connection.query(collection).affectedRows
            count += removed
            if removed < collectionLimit { break }
        }
        try connection.query("DELETE FROM satchel.nulled WHERE at < (\(bound))")
        return count
    }

    private static let bound = """
        SELECT extract(epoch FROM least(now() - interval '\(tombstoneDays) days', min(seen_at))) * 1000000
        FROM satchel.replica WHERE seen_at > now() - interval '\(silentReplicaDays) days'
        """

    private static let collection = """
        WITH old AS MATERIALIZED (
            SELECT relation, key FROM satchel.clock
            WHERE deleted AND clock < (\(bound))
            LIMIT \(collectionLimit) FOR UPDATE SKIP LOCKED
        )
        DELETE FROM satchel.clock AS c USING old WHERE c.relation = old.relation AND c.key = old.key
        """
}
