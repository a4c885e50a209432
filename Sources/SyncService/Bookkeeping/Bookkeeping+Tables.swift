import Postgres
import SyncModel

extension Bookkeeping {
    /// The tables of schema `satchel`.
    ///
    /// | table | what |
    /// |---|---|
    /// | `meta` | the format of the rest, and what setup made outside of the schema |
    /// | `clock` | one row for each row of a tracked table, living or deleted, that was ever stamped |
    /// | `nulled` | references that a delete set to null, for when the row that they named comes back |
    /// | `replica` | how far each replica's operations have come |
    /// | `verdict` | the answers to operations, until the replica has acknowledged them |
    ///
    /// In `clock`, `key` is the row's key as `RowKey` spells it; `version` and `clock` are the row's, `clock` the
    /// greatest of its columns'; `stamp_*` holds for every column that `columns` does not name;
    /// `columns` is `{"name": [version, clock, replica, seq]}`. A deleted row keeps all of this, with
    /// `row`: the last row, each value in text form or null. `deleted_replica` and `deleted_seq` name the
    /// operation that deleted this very row; they are empty and 0 for plain SQL and for cascades.
    /// In `nulled`, `row` is the key and the reference as they were, in text form; `stamps` the stamps of the
    /// columns that became null from before; `version` the one that they got then; `at` microseconds since 1970.
    /// In `verdict`, `original_at` is the clock that the operation came with.
    static let tables = """
        CREATE SCHEMA IF NOT EXISTS satchel;
        REVOKE ALL ON SCHEMA satchel FROM PUBLIC;
        CREATE TABLE IF NOT EXISTS satchel.meta (
            name text PRIMARY KEY,
            value text NOT NULL
        );
        CREATE SEQUENCE IF NOT EXISTS satchel.version;
        CREATE TABLE IF NOT EXISTS satchel.clock (
            relation text COLLATE "C" NOT NULL,
            key text COLLATE "C" NOT NULL,
            version bigint NOT NULL,
            clock bigint NOT NULL,
            stamp_version bigint NOT NULL DEFAULT 0,
            stamp_clock bigint NOT NULL DEFAULT 0,
            stamp_replica text COLLATE "C" NOT NULL DEFAULT '',
            stamp_seq bigint NOT NULL DEFAULT 0,
            columns jsonb NOT NULL DEFAULT '{}',
            deleted boolean NOT NULL DEFAULT false,
            row jsonb,
            deleted_by xid8,
            deleted_replica text COLLATE "C",
            deleted_seq bigint,
            PRIMARY KEY (relation, key)
        ) WITH (fillfactor = 50);
        CREATE INDEX IF NOT EXISTS clock_deleted_by ON satchel.clock (deleted_by) WHERE deleted;
        CREATE TABLE IF NOT EXISTS satchel.nulled (
            relation text COLLATE "C" NOT NULL,
            key text COLLATE "C" NOT NULL,
            reference text COLLATE "C" NOT NULL,
            transaction xid8 NOT NULL,
            version bigint NOT NULL,
            at bigint NOT NULL,
            row jsonb NOT NULL,
            stamps jsonb NOT NULL,
            PRIMARY KEY (relation, key, reference)
        );
        CREATE INDEX IF NOT EXISTS nulled_transaction ON satchel.nulled (transaction);
        CREATE TABLE IF NOT EXISTS satchel.replica (
            id text COLLATE "C" PRIMARY KEY,
            user_name text NOT NULL,
            last_seq bigint NOT NULL DEFAULT 0,
            clock bigint NOT NULL DEFAULT 0,
            seen_at timestamptz NOT NULL DEFAULT now()
        );
        CREATE TABLE IF NOT EXISTS satchel.verdict (
            replica text COLLATE "C" NOT NULL,
            seq bigint NOT NULL,
            operation_id text COLLATE "C" NOT NULL,
            verdict jsonb NOT NULL,
            original_at bigint NOT NULL,
            committed_at timestamptz NOT NULL DEFAULT now(),
            PRIMARY KEY (replica, seq)
        );
        """

    /// Of `tables`: what `teardown` may remove.
    private static let relations = ["meta", "clock", "nulled", "replica", "verdict", "version"]

    /// Throws where somebody's tables are in schema `satchel`, which go with it: with a role called `satchel` and
    /// PostgreSQL's usual `search_path`, tables made without naming a schema land there.
    package static func refuseForeignTables(on connection: PostgresConnection) throws {
        let result = try connection.query(
            """
            SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
            WHERE n.nspname = 'satchel' AND c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S')
            AND c.relname <> ALL (ARRAY(SELECT jsonb_array_elements_text($1::jsonb)))
            AND NOT EXISTS (
                SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND c.relkind = 'S'
                AND d.refclassid = 'pg_class'::regclass AND d.deptype IN ('a', 'i'))
            ORDER BY 1
            """, [jsonArray(relations)])
        let names = result.rows.map { TableName(schema: "satchel", name: $0[0] ?? "") }
        guard !names.isEmpty else { return }
        throw OptionsError(
            "Schema satchel has tables that Satchel did not make, and would take them along: "
                + names.map(\.description).joined(separator: ", ") + ". Move them first: "
                + names.map { "ALTER TABLE \(qualified($0)) SET SCHEMA public" }.joined(separator: "; ")
                + ". Nothing was removed")
    }
}
