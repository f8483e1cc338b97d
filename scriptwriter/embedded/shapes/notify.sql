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

-- Makes one table announce its changes, with the values of these columns. The trigger function has the columns'
-- names in its text, so that Postgres keeps its plans; tables with the same columns share it.
CREATE OR REPLACE FUNCTION shape_server_watch(target regclass, columns text[]) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    function text := 'shape_server_notify_' || substr(md5(columns::text), 1, 12);
    names    text := (SELECT string_agg(quote_ident(name), ', ') FROM unnest(columns) AS name);
    touched  text := (SELECT string_agg(format('%L, jsonb_agg(DISTINCT %I::text)', name, name), ', ')
                      FROM unnest(columns) AS name);
    command  text := 'CREATE OR REPLACE TRIGGER %I AFTER %s ON %s %s FOR EACH STATEMENT EXECUTE FUNCTION %I(%s)';
    body     text;
    event    text;
    tables   text;
BEGIN
    -- Two shapes of one table may be made at once.
    PERFORM pg_advisory_xact_lock(hashtext('shape_server'));
    body := 'DECLARE
    message jsonb := jsonb_build_object(''table'', TG_RELID::bigint, ''txid'', pg_current_xact_id()::text);
    touched jsonb;
BEGIN
    IF TG_OP = ''TRUNCATE'' THEN
        message := message || ''{"truncate": true}'';';
    IF columns != '{}' THEN
        body := body || format('
    ELSE
        BEGIN
            IF TG_OP = ''INSERT'' THEN
                SELECT CASE WHEN count(*) > 0 THEN jsonb_build_object(%1$s) END INTO touched FROM new_rows;
            ELSIF TG_OP = ''DELETE'' THEN
                SELECT CASE WHEN count(*) > 0 THEN jsonb_build_object(%1$s) END INTO touched FROM old_rows;
            ELSE
                SELECT CASE WHEN count(*) > 0 THEN jsonb_build_object(%1$s) END INTO touched
                FROM (SELECT %2$s FROM old_rows UNION ALL SELECT %2$s FROM new_rows) AS both_sides;
            END IF;
            IF touched IS NULL THEN  -- the statement matched no row
                RETURN NULL;
            END IF;
            IF octet_length(touched::text) < 7800 THEN  -- NOTIFY takes less than 8000 bytes
                message := message || jsonb_build_object(''values'', touched);
            END IF;
        EXCEPTION WHEN undefined_column THEN
            NULL;  -- a column was dropped or renamed: the write must not fail, and every shape reads again
        END;', touched, names);
    END IF;
    body := body || '
    END IF;
    PERFORM pg_notify(''shape_server'', message::text);
    RETURN NULL;
END';
    EXECUTE format('CREATE OR REPLACE FUNCTION %I() RETURNS trigger LANGUAGE plpgsql AS %L', function, body);
    FOR event, tables IN VALUES
        ('INSERT', 'NEW TABLE AS new_rows'),
        ('DELETE', 'OLD TABLE AS old_rows'),
        ('UPDATE', 'OLD TABLE AS old_rows NEW TABLE AS new_rows')
    LOOP
        EXECUTE format(command, 'shape_server_' || lower(event), event, target,
            CASE WHEN columns = '{}' THEN '' ELSE 'REFERENCING ' || tables END, function, '');
    END LOOP;
    -- Last, and with the columns as arguments: it tells a later start what the table announces.
    EXECUTE format(command, 'shape_server_truncate', 'TRUNCATE', target, '', function,
        coalesce((SELECT string_agg(quote_literal(name), ', ') FROM unnest(columns) AS name), ''));
END $$;
