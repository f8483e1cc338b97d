-- project_news has one row for each membership, which triggers update with every change that the person's list of
-- projects shows. deleted_from is the status that a deleted project gets back when it is restored.

ALTER TABLE projects ADD COLUMN deleted_from TEXT;

CREATE TABLE project_news (
    membership_id INTEGER PRIMARY KEY REFERENCES projects_users (id) ON DELETE CASCADE,
    user_id TEXT NOT NULL,
    project_id TEXT NOT NULL,
    changed_in BIGINT NOT NULL
);
CREATE INDEX idx_project_news_user ON project_news (user_id);
CREATE INDEX idx_project_news_project ON project_news (project_id);
INSERT INTO project_news (membership_id, user_id, project_id, changed_in)
SELECT id, user_id, project_id, pg_current_xact_id()::text::bigint FROM projects_users;

CREATE FUNCTION open_project_news() RETURNS TRIGGER LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO project_news (membership_id, user_id, project_id, changed_in)
    VALUES (NEW.id, NEW.user_id, NEW.project_id, pg_current_xact_id()::text::bigint);
    RETURN NULL;
END;
$$;

CREATE FUNCTION tell_project_news() RETURNS TRIGGER LANGUAGE plpgsql AS $$
DECLARE
    changed TEXT;
    this_transaction BIGINT := pg_current_xact_id()::text::bigint;
BEGIN
    IF TG_TABLE_NAME = 'projects' THEN
        changed := NEW.id;
    ELSE
        changed := NEW.project_id;
    END IF;
    -- Locked in one order, whoever else commits in this project now.
    UPDATE project_news SET changed_in = this_transaction WHERE membership_id IN (
        SELECT membership_id FROM project_news
        WHERE project_id = changed AND changed_in <> this_transaction
        ORDER BY membership_id FOR UPDATE
    );
    RETURN NULL;
END;
$$;

CREATE FUNCTION finished_ideas(partial_data JSONB, data TEXT) RETURNS INTEGER
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT jsonb_array_length(jsonb_path_query_array(
        coalesce(partial_data, data::jsonb), '$.ideas[*] ? (!exists(@.status))'))
$$;

CREATE TRIGGER open_project_news AFTER INSERT ON projects_users
FOR EACH ROW EXECUTE FUNCTION open_project_news();

-- Deferred to the commit: a transaction that waits for these locks holds no lock that others will ask for.

CREATE CONSTRAINT TRIGGER tell_project_news AFTER UPDATE ON projects
DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION tell_project_news();

CREATE CONSTRAINT TRIGGER tell_project_news AFTER UPDATE ON projects_users
DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION tell_project_news();

CREATE CONSTRAINT TRIGGER tell_of_a_run AFTER INSERT ON transforms
DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (NEW.type = 'llm') EXECUTE FUNCTION tell_project_news();

CREATE CONSTRAINT TRIGGER tell_of_a_state AFTER UPDATE ON transforms
DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
WHEN (NEW.type = 'llm' AND NEW.streaming_status IS DISTINCT FROM OLD.streaming_status)
EXECUTE FUNCTION tell_project_news();

CREATE CONSTRAINT TRIGGER tell_of_an_idea AFTER INSERT ON artifacts
DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (NEW.type IN ('brainstorm_ideas', 'brainstorm_idea'))
EXECUTE FUNCTION tell_project_news();

CREATE CONSTRAINT TRIGGER tell_of_ideas AFTER UPDATE ON artifacts
DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
WHEN (NEW.type IN ('brainstorm_ideas', 'brainstorm_idea') AND (
    NEW.streaming_status IS DISTINCT FROM OLD.streaming_status
    OR finished_ideas(NEW.partial_data, NEW.data) IS DISTINCT FROM finished_ideas(OLD.partial_data, OLD.data)
))
EXECUTE FUNCTION tell_project_news();
