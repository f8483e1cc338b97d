-- Values that are counted, limited or searched become columns and a table, so that no query reads them from JSON.

CREATE TABLE run_starts (
    id SERIAL PRIMARY KEY,
    user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    transform_id TEXT NOT NULL,
    started_at TIMESTAMPTZ NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX idx_run_starts_user ON run_starts (user_id, started_at);

ALTER TABLE transforms ADD COLUMN asked_by TEXT REFERENCES users (id) ON DELETE SET NULL;
CREATE INDEX idx_transforms_asked_by ON transforms (asked_by) WHERE streaming_status IN ('running', 'pending');

ALTER TABLE artifacts
    ADD COLUMN finished_ideas INTEGER NOT NULL DEFAULT 0,
    ADD COLUMN titles TEXT NOT NULL DEFAULT '';

-- The columns of existing rows are filled from their JSON. A row with unreadable JSON keeps the defaults.

CREATE FUNCTION pg_temp.ideas_of(partial_data JSONB, data TEXT, OUT finished INTEGER, OUT titles TEXT)
LANGUAGE plpgsql AS $$
DECLARE
    content JSONB;
BEGIN
    content := coalesce(partial_data, data::jsonb);
    IF jsonb_typeof(content -> 'ideas') = 'array' THEN
        SELECT count(*) FILTER (WHERE NOT idea ? 'status'), string_agg(nullif(idea ->> 'title', ''), E'\n' ORDER BY at)
        INTO finished, titles
        FROM jsonb_array_elements(content -> 'ideas') WITH ORDINALITY AS each (idea, at)
        WHERE jsonb_typeof(idea) = 'object';
    ELSE
        titles := content ->> 'title';
    END IF;
    finished := coalesce(finished, 0);
    titles := coalesce(titles, '');
EXCEPTION WHEN OTHERS THEN
    finished := 0;
    titles := '';
END;
$$;

CREATE FUNCTION pg_temp.asked_by(execution_context TEXT) RETURNS TEXT LANGUAGE plpgsql AS $$
DECLARE
    context JSONB;
BEGIN
    context := execution_context::jsonb;
    RETURN (SELECT id FROM users WHERE id = coalesce(context #>> '{asked,-1,by}', context ->> 'userId'));
EXCEPTION WHEN OTHERS THEN
    RETURN NULL;
END;
$$;

-- Without triggers, so that updated_at and project_news stay as they are.
ALTER TABLE artifacts DISABLE TRIGGER USER;
ALTER TABLE transforms DISABLE TRIGGER USER;
UPDATE artifacts SET (finished_ideas, titles) = (SELECT * FROM pg_temp.ideas_of(partial_data, data))
WHERE type IN ('brainstorm_ideas', 'brainstorm_idea');
UPDATE transforms SET asked_by = pg_temp.asked_by(execution_context)
WHERE type = 'llm' AND streaming_status IN ('pending', 'running');
ALTER TABLE transforms ENABLE TRIGGER USER;
ALTER TABLE artifacts ENABLE TRIGGER USER;

DROP TRIGGER tell_of_ideas ON artifacts;
CREATE CONSTRAINT TRIGGER tell_of_ideas AFTER UPDATE ON artifacts
DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
WHEN (NEW.type IN ('brainstorm_ideas', 'brainstorm_idea') AND (
    NEW.streaming_status IS DISTINCT FROM OLD.streaming_status
    OR NEW.finished_ideas IS DISTINCT FROM OLD.finished_ideas
))
EXECUTE FUNCTION tell_project_news();

DROP FUNCTION finished_ideas(JSONB, TEXT);
