-- What the embedded shape server needs in the database: statement triggers that say which table changed,
-- and for which projects. Applied at every start of that server; applying it again changes nothing.
-- With a real Electric none of this is used.
--
-- Payload on channel scriptwriter_shapes, as JSON:
--   table     oid of the table that the statement named
--   txid      transaction that wrote
--   projects  project ids touched, before and after; absent when unknown or too many for one payload
--   truncate  true when the table was emptied by TRUNCATE

-- Two servers may start at once, and CREATE OR REPLACE of one function does not bear that.
SELECT pg_advisory_xact_lock(hashtext('scriptwriter_shapes'));

CREATE OR REPLACE FUNCTION scriptwriter_notify_table() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('scriptwriter_shapes', json_build_object(
        'table', TG_RELID::bigint, 'txid', pg_current_xact_id()::text, 'truncate', TG_OP = 'TRUNCATE')::text);
    RETURN NULL;
END $$;

CREATE OR REPLACE FUNCTION scriptwriter_notify_projects() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    touched json;
    payload text;
BEGIN
    IF TG_OP = 'INSERT' THEN
        SELECT json_agg(DISTINCT project_id::text) INTO touched FROM new_rows;
    ELSIF TG_OP = 'DELETE' THEN
        SELECT json_agg(DISTINCT project_id::text) INTO touched FROM old_rows;
    ELSE
        SELECT json_agg(project_id) INTO touched FROM (
            SELECT project_id::text FROM old_rows UNION SELECT project_id::text FROM new_rows) AS both_sides;
    END IF;
    IF touched IS NULL THEN  -- the statement matched no row
        RETURN NULL;
    END IF;
    payload := json_build_object(
        'table', TG_RELID::bigint, 'txid', pg_current_xact_id()::text, 'projects', touched)::text;
    IF octet_length(payload) > 7900 THEN  -- NOTIFY takes less than 8000 bytes
        payload := json_build_object('table', TG_RELID::bigint, 'txid', pg_current_xact_id()::text)::text;
    END IF;
    PERFORM pg_notify('scriptwriter_shapes', payload);
    RETURN NULL;
END $$;

-- The same for the table of projects itself, whose rows change seldom: one notification for each.
CREATE OR REPLACE FUNCTION scriptwriter_notify_project() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('scriptwriter_shapes', json_build_object(
        'table', TG_RELID::bigint, 'txid', pg_current_xact_id()::text,
        'projects', (SELECT json_agg(DISTINCT id) FROM (VALUES (OLD.id::text), (NEW.id::text)) AS touched (id)
            WHERE id IS NOT NULL))::text);
    RETURN NULL;
END $$;

-- Makes one table announce its changes. True when it did not before.
CREATE OR REPLACE FUNCTION scriptwriter_sync_table(target regclass) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
    by_project boolean;
    announce   text;
BEGIN
    -- Two shapes of one table may be made at once.
    PERFORM pg_advisory_xact_lock(hashtext('scriptwriter_shapes'));
    IF EXISTS (SELECT FROM pg_trigger WHERE tgrelid = target AND tgname = 'scriptwriter_shapes_truncate') THEN
        RETURN false;
    END IF;
    EXECUTE format('CREATE TRIGGER scriptwriter_shapes_truncate AFTER TRUNCATE ON %s FOR EACH STATEMENT EXECUTE FUNCTION scriptwriter_notify_table()',
        target);
    IF target = to_regclass('projects') AND EXISTS (SELECT FROM pg_attribute
        WHERE attrelid = target AND attname = 'id' AND NOT attisdropped) THEN
        EXECUTE format('CREATE TRIGGER scriptwriter_shapes_row AFTER INSERT OR UPDATE OR DELETE ON %s FOR EACH ROW EXECUTE FUNCTION scriptwriter_notify_project()',
            target);
        RETURN true;
    END IF;
    by_project := EXISTS (SELECT FROM pg_attribute
        WHERE attrelid = target AND attname = 'project_id' AND NOT attisdropped);
    announce := CASE WHEN by_project THEN 'scriptwriter_notify_projects' ELSE 'scriptwriter_notify_table' END;
    EXECUTE format('CREATE TRIGGER scriptwriter_shapes_insert AFTER INSERT ON %s %s FOR EACH STATEMENT EXECUTE FUNCTION %I()',
        target, CASE WHEN by_project THEN 'REFERENCING NEW TABLE AS new_rows' ELSE '' END, announce);
    EXECUTE format('CREATE TRIGGER scriptwriter_shapes_update AFTER UPDATE ON %s %s FOR EACH STATEMENT EXECUTE FUNCTION %I()',
        target, CASE WHEN by_project THEN 'REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows' ELSE '' END, announce);
    EXECUTE format('CREATE TRIGGER scriptwriter_shapes_delete AFTER DELETE ON %s %s FOR EACH STATEMENT EXECUTE FUNCTION %I()',
        target, CASE WHEN by_project THEN 'REFERENCING OLD TABLE AS old_rows' ELSE '' END, announce);
    RETURN true;
END $$;
