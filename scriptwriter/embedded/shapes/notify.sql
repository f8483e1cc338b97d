-- Statement triggers that announce which table a statement changed, and which values some of its columns had.
-- The shape server runs this file at its start, and before it makes triggers. PostgreSQL 14 or later.
--
-- Payload on channel shape_server, as JSON:
--   table     oid of the table that the statement named
--   txid      transaction that wrote
--   values    {column: [values before and after, as text]}; absent when unknown, or too long for one payload
--   truncate  true when the table was emptied by TRUNCATE

-- Two servers may start at once, and CREATE OR REPLACE of one function fails when it runs twice at once.
SELECT pg_advisory_xact_lock(hashtext('shape_server'));

-- The trigger's arguments: the query that gives `values`, if any column is announced, and the columns' names.
CREATE OR REPLACE FUNCTION shape_server_notify() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    message jsonb := jsonb_build_object('table', TG_RELID::bigint, 'txid', pg_current_xact_id()::text);
    touched jsonb;
BEGIN
    IF TG_OP = 'TRUNCATE' THEN
        message := message || '{"truncate": true}';
    ELSIF TG_NARGS > 0 THEN
        BEGIN
            EXECUTE TG_ARGV[0] INTO touched;
            IF touched IS NULL THEN  -- the statement matched no row
                RETURN NULL;
            END IF;
            IF octet_length(touched::text) < 7800 THEN  -- NOTIFY takes less than 8000 bytes
                message := message || jsonb_build_object('values', touched);
            END IF;
        EXCEPTION WHEN undefined_column THEN
            NULL;  -- a column was dropped or renamed: the write must not fail, and every shape reads again
        END;
    END IF;
    PERFORM pg_notify('shape_server', message::text);
    RETURN NULL;
END $$;

-- Makes one table announce its changes, with the values of these columns.
CREATE OR REPLACE FUNCTION shape_server_watch(target regclass, columns text[]) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    names  text := (SELECT string_agg(quote_ident(name), ', ') FROM unnest(columns) AS name);
    query  text := (SELECT format('SELECT CASE WHEN count(*) > 0 THEN jsonb_build_object(%s) END FROM ',
        string_agg(format('%L, jsonb_agg(DISTINCT %I::text)', name, name), ', ')) FROM unnest(columns) AS name);
    marks  text := (SELECT coalesce(string_agg(', ' || quote_literal(name), ''), '') FROM unnest(columns) AS name);
    command text;
    event  text;
    tables text;
    source text;
BEGIN
    -- Two shapes of one table may be made at once.
    PERFORM pg_advisory_xact_lock(hashtext('shape_server'));
    command := 'CREATE OR REPLACE TRIGGER %I AFTER %s ON %s %s FOR EACH STATEMENT EXECUTE FUNCTION shape_server_notify(%s)';
    FOR event, tables, source IN VALUES
        ('INSERT', 'NEW TABLE AS new_rows', 'new_rows'),
        ('DELETE', 'OLD TABLE AS old_rows', 'old_rows'),
        ('UPDATE', 'OLD TABLE AS old_rows NEW TABLE AS new_rows', format(
            '(SELECT %s FROM old_rows UNION ALL SELECT %s FROM new_rows) AS both_sides', names, names))
    LOOP
        EXECUTE format(command, 'shape_server_' || lower(event), event, target,
            CASE WHEN columns = '{}' THEN '' ELSE 'REFERENCING ' || tables END,
            CASE WHEN columns = '{}' THEN '' ELSE quote_literal(query || source) || marks END);
    END LOOP;
    -- Last, and with the columns as arguments: it tells a later start what the table announces.
    EXECUTE format(command, 'shape_server_truncate', 'TRUNCATE', target, '', substr(marks, 3));
END $$;
