extension Bookkeeping {
    /// What the service itself calls, with its own rights: locks the key of a row that is not there, and reads
    /// its clock row. A function, because its second statement sees what was committed while the first waited.
    static let locking = """
        CREATE OR REPLACE FUNCTION satchel.lock_clock(p_relation text, p_key text) RETURNS SETOF satchel.clock
        LANGUAGE plpgsql AS $function$
        BEGIN
            PERFORM pg_advisory_xact_lock(hashtextextended(p_relation || '/' || p_key, 0));
            RETURN QUERY SELECT * FROM satchel.clock c WHERE c.relation = p_relation AND c.key = p_key FOR UPDATE;
        END
        $function$;
        """
}
