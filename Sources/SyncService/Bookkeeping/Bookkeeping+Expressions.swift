extension Bookkeeping {
    /// SQL that writes SQL: the expressions that the trigger functions of one table are made of.
    ///
    /// `text_form` gives a column's value as its type's output function writes it, which is what logical
    /// replication and libpq carry (a cast to text differs for boolean, char(n), inet and others).
    /// `is_bytewise`: two values of the column are equal exactly when their text forms are, so that the fast
    /// comparison will do. `is_pinned`: the text form depends on session settings. `key_form` gives the key as
    /// `RowKey` spells it; NULL without a primary key. `row_form` gives the whole row, as `clock.row` has it.
    static let expressions = """
        CREATE OR REPLACE FUNCTION satchel.text_form(alias text, attribute pg_catalog.pg_attribute) RETURNS text
        LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $function$
            SELECT CASE
                WHEN attribute.atttypid = 'bool'::regtype
                    THEN format('(CASE %1$s WHEN true THEN ''t'' WHEN false THEN ''f'' END)', place)
                WHEN attribute.atttypid = ANY ('{int2,int4,int8,oid,uuid,text,varchar,name,numeric,float4,float8,date,
                    time,timetz,timestamp,timestamptz,interval,json,jsonb,bytea}'::regtype[])
                    THEN place || '::text'
                ELSE format('(CASE WHEN %1$s IS DISTINCT FROM NULL THEN concat(%1$s) END)', place)
            END
            FROM (SELECT format('%s.%I', alias, attribute.attname) AS place) names
        $function$;

        CREATE OR REPLACE FUNCTION satchel.is_bytewise(attribute pg_catalog.pg_attribute) RETURNS boolean
        LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $function$
            SELECT (attribute.atttypid = ANY (
                    '{bool,int2,int4,int8,oid,uuid,text,varchar,name,bytea,date,time,timestamp,timestamptz}'::regtype[])
                OR EXISTS (SELECT FROM pg_type WHERE oid = attribute.atttypid AND typtype = 'e'))
                AND NOT EXISTS (SELECT FROM pg_collation WHERE oid = attribute.attcollation AND NOT collisdeterministic)
        $function$;

        CREATE OR REPLACE FUNCTION satchel.is_pinned(attribute pg_catalog.pg_attribute) RETURNS boolean
        LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $function$
            SELECT NOT (attribute.atttypid = ANY (
                    '{bool,int2,int4,int8,oid,uuid,text,varchar,bpchar,name,numeric,inet,cidr,json,jsonb}'::regtype[])
                OR EXISTS (SELECT FROM pg_type WHERE oid = attribute.atttypid AND typtype = 'e'))
        $function$;

        CREATE OR REPLACE FUNCTION satchel.key_form(alias text, target regclass) RETURNS text
        LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $function$
            SELECT 'concat(''"'', ' || string_agg(
                format(
                    CASE WHEN a.atttypid = ANY ('{bool,int2,int4,int8,oid,uuid}'::regtype[]) THEN '%s'
                        ELSE 'replace(%s, ''/'', ''//'')' END,
                    satchel.text_form(alias, a)),
                ', ''"/"'', ' ORDER BY k.place) || ', ''"'')'
            FROM pg_index i, unnest(i.indkey::int2[]) WITH ORDINALITY AS k (number, place), pg_attribute a
            WHERE i.indrelid = target AND i.indisprimary AND a.attrelid = target AND a.attnum = k.number
        $function$;

        CREATE OR REPLACE FUNCTION satchel.row_form(alias text, target regclass) RETURNS text
        LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $function$
            SELECT format('jsonb_object(%L::text[], ARRAY[%s])', array_agg(a.attname::text ORDER BY a.attnum),
                string_agg(satchel.text_form(alias, a), ', ' ORDER BY a.attnum))
            FROM pg_attribute a
            WHERE a.attrelid = target AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''
        $function$;
        """
}
