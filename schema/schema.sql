-- The whole database. Applying it to a database that already has it changes nothing.
-- A change of a table is written twice: as schema/NNNN_name.sql, which upgrades existing databases, and here.

CREATE TABLE IF NOT EXISTS schema_version (
    version INTEGER PRIMARY KEY,
    applied_at TIMESTAMPTZ NOT NULL DEFAULT CURRENT_TIMESTAMP
);

-- People and projects

CREATE TABLE IF NOT EXISTS users (
    id TEXT PRIMARY KEY,
    username TEXT NOT NULL UNIQUE,
    display_name TEXT,
    created_at TIMESTAMPTZ DEFAULT CURRENT_TIMESTAMP,
    updated_at TIMESTAMPTZ DEFAULT CURRENT_TIMESTAMP,
    status TEXT DEFAULT 'active',
    name_skeleton TEXT -- equal for usernames that look alike; NULL until the next registration
);

CREATE TABLE IF NOT EXISTS projects (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    description TEXT,
    project_type TEXT DEFAULT 'script',
    status TEXT DEFAULT 'active',
    created_at TIMESTAMPTZ DEFAULT CURRENT_TIMESTAMP,
    updated_at TIMESTAMPTZ DEFAULT CURRENT_TIMESTAMP,
    deleted_from TEXT -- the status before the project was deleted, for its restore
);

CREATE TABLE IF NOT EXISTS projects_users (
    id SERIAL PRIMARY KEY,
    project_id TEXT NOT NULL REFERENCES projects (id) ON DELETE CASCADE,
    user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    role TEXT DEFAULT 'owner'
        CHECK (role IN (
            'owner',        -- everything: members, name, deletion too
            'collaborator', -- starts, stops, edits, picks
            'viewer'        -- reads
        )),
    joined_at TIMESTAMPTZ DEFAULT CURRENT_TIMESTAMP,
    UNIQUE (project_id, user_id)
);

-- A person becomes a member only by accepting an invitation.
CREATE TABLE IF NOT EXISTS project_invitations (
    id TEXT PRIMARY KEY,
    project_id TEXT NOT NULL REFERENCES projects (id) ON DELETE CASCADE,
    invitee_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    inviter_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    role TEXT NOT NULL CHECK (role IN ('owner', 'collaborator', 'viewer')),
    status TEXT NOT NULL DEFAULT 'open' CHECK (status IN ('open', 'accepted', 'declined', 'withdrawn')),
    created_at TIMESTAMPTZ DEFAULT CURRENT_TIMESTAMP,
    changed_at TIMESTAMPTZ DEFAULT CURRENT_TIMESTAMP
);

-- One row for each username that a person looked up to invite somebody.
CREATE TABLE IF NOT EXISTS name_lookups (
    id SERIAL PRIMARY KEY,
    user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    looked_at TIMESTAMPTZ NOT NULL DEFAULT clock_timestamp()
);

-- The table that a person's list of projects follows: one row for each membership, updated by triggers with every
-- change that the list shows. A shape is one table, so it cannot join memberships, projects and transforms.
CREATE TABLE IF NOT EXISTS project_news (
    membership_id INTEGER PRIMARY KEY REFERENCES projects_users (id) ON DELETE CASCADE,
    user_id TEXT NOT NULL,
    project_id TEXT NOT NULL,
    changed_in BIGINT NOT NULL -- the transaction of the last change
);

CREATE TABLE IF NOT EXISTS auth_providers (
    id SERIAL PRIMARY KEY,
    user_id TEXT NOT NULL REFERENCES users (id),
    provider_type TEXT NOT NULL,
    provider_user_id TEXT,
    provider_data TEXT,
    created_at TIMESTAMPTZ DEFAULT CURRENT_TIMESTAMP,
    UNIQUE (provider_type, provider_user_id)
);

CREATE TABLE IF NOT EXISTS user_sessions (
    id TEXT PRIMARY KEY, -- a hash of the token; the token itself is only in the person's cookie
    user_id TEXT NOT NULL REFERENCES users (id),
    expires_at TIMESTAMPTZ NOT NULL,
    created_at TIMESTAMPTZ DEFAULT CURRENT_TIMESTAMP,
    user_agent TEXT, -- the browser, as it names itself
    last_seen_at TIMESTAMPTZ DEFAULT CURRENT_TIMESTAMP
);

CREATE TABLE IF NOT EXISTS sign_in_failures (
    id SERIAL PRIMARY KEY,
    account TEXT NOT NULL, -- a hash of the name that was tried; '-' where there is none, as in registering
    address TEXT NOT NULL, -- the client's address; of a device that the account knows, "device " and its id
    failed_at TIMESTAMPTZ DEFAULT CURRENT_TIMESTAMP
);

-- One row for each account that was made with a password.
CREATE TABLE IF NOT EXISTS registrations (
    id SERIAL PRIMARY KEY,
    address TEXT NOT NULL,
    registered_at TIMESTAMPTZ DEFAULT CURRENT_TIMESTAMP
);

CREATE TABLE IF NOT EXISTS api_tokens (
    id TEXT PRIMARY KEY, -- a hash of the token; the token itself is shown once
    user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    created_at TIMESTAMPTZ DEFAULT CURRENT_TIMESTAMP,
    last_used_at TIMESTAMPTZ,
    last_used_address TEXT,
    last_used_agent TEXT -- the program, as it names itself
);

-- One row for each open tab, renewed while it is open; the worker deletes the rows of silent tabs.
CREATE TABLE IF NOT EXISTS presence (
    tab TEXT PRIMARY KEY,
    project_id TEXT NOT NULL REFERENCES projects (id) ON DELETE CASCADE,
    user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    editing TEXT, -- the idea whose text is open for editing in this tab
    seen_at TIMESTAMPTZ DEFAULT CURRENT_TIMESTAMP
);

-- The graph: artifact -> transform -> artifact.
-- Every table of it carries project_id, because a shape is one table under `project_id = $1`.

CREATE TABLE IF NOT EXISTS artifacts (
    id TEXT PRIMARY KEY,
    project_id TEXT NOT NULL REFERENCES projects (id) ON DELETE CASCADE,
    type TEXT NOT NULL,
    type_version TEXT NOT NULL DEFAULT 'v1',
    data TEXT NOT NULL,
    metadata TEXT,
    created_at TIMESTAMPTZ DEFAULT CURRENT_TIMESTAMP,
    updated_at TIMESTAMPTZ DEFAULT CURRENT_TIMESTAMP,
    streaming_status TEXT DEFAULT 'completed'
        CHECK (streaming_status IN (
            'streaming', -- being written: partial_data grows
            'completed', -- written to its end: data holds it
            'failed',    -- the writing failed: data holds what is kept
            'cancelled'  -- a person stopped the writing: data holds what is kept
        )),
    streaming_progress NUMERIC(5, 2) DEFAULT 100.00, -- percent
    finished_ideas INTEGER NOT NULL DEFAULT 0, -- number of its finished ideas
    titles TEXT NOT NULL DEFAULT '', -- the titles of its ideas, one on each line, for the search in lists of projects
    partial_data JSONB
);

CREATE TABLE IF NOT EXISTS transforms (
    id TEXT PRIMARY KEY,
    project_id TEXT NOT NULL REFERENCES projects (id) ON DELETE CASCADE,
    type TEXT NOT NULL, -- llm or human
    type_version TEXT NOT NULL DEFAULT 'v1',
    status TEXT DEFAULT 'running', -- changes only together with streaming_status
    execution_context TEXT, -- JSON (domain/run_context.py): brief, model, seconds, tokens, error, …
    created_at TIMESTAMPTZ DEFAULT CURRENT_TIMESTAMP,
    updated_at TIMESTAMPTZ DEFAULT CURRENT_TIMESTAMP,
    streaming_status TEXT DEFAULT 'pending'
        CHECK (streaming_status IN (
            'pending',   -- waits for a worker
            'running',   -- a worker writes; only the attempt with the number retry_count may
            'completed', -- ended with everything that was asked for
            'failed',    -- ended; error_message says why
            'cancelled'  -- a person stopped it
        )),
    progress_percentage NUMERIC(5, 2) DEFAULT 0.00,
    error_message TEXT,
    retry_count INTEGER DEFAULT 0,
    max_retries INTEGER DEFAULT 2,
    asked_by TEXT REFERENCES users (id) ON DELETE SET NULL -- the run counts in their budget while it is active
);

-- Starts of runs and retries, which count in a person's budget even after the project is deleted.
CREATE TABLE IF NOT EXISTS run_starts (
    id SERIAL PRIMARY KEY,
    user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    transform_id TEXT NOT NULL,
    started_at TIMESTAMPTZ NOT NULL DEFAULT clock_timestamp()
);

-- Forms that have started a run: the ticket that the browser gave the form, and the project.
CREATE TABLE IF NOT EXISTS sent_forms (
    user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    ticket TEXT NOT NULL,
    project_id TEXT NOT NULL,
    sent_at TIMESTAMPTZ NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (user_id, ticket)
);

-- The processes that run models. A process is dead when its last heartbeat is too old (services/runs/takeover.py).
CREATE TABLE IF NOT EXISTS worker_processes (
    id BIGSERIAL PRIMARY KEY,
    last_heartbeat TIMESTAMPTZ NOT NULL DEFAULT CURRENT_TIMESTAMP
);

CREATE TABLE IF NOT EXISTS transform_inputs (
    id SERIAL PRIMARY KEY,
    project_id TEXT NOT NULL REFERENCES projects (id) ON DELETE CASCADE,
    transform_id TEXT NOT NULL REFERENCES transforms (id) ON DELETE CASCADE,
    artifact_id TEXT NOT NULL REFERENCES artifacts (id),
    input_role TEXT, -- params, or ideas[2] for a part of an artifact
    UNIQUE (transform_id, artifact_id, input_role)
);

CREATE TABLE IF NOT EXISTS transform_outputs (
    id SERIAL PRIMARY KEY,
    project_id TEXT NOT NULL REFERENCES projects (id) ON DELETE CASCADE,
    transform_id TEXT NOT NULL REFERENCES transforms (id) ON DELETE CASCADE,
    artifact_id TEXT NOT NULL REFERENCES artifacts (id),
    output_role TEXT,
    UNIQUE (transform_id, artifact_id, output_role)
);

CREATE TABLE IF NOT EXISTS llm_prompts (
    id TEXT PRIMARY KEY,
    project_id TEXT NOT NULL REFERENCES projects (id) ON DELETE CASCADE,
    transform_id TEXT NOT NULL REFERENCES transforms (id) ON DELETE CASCADE,
    prompt_text TEXT NOT NULL,
    prompt_role TEXT DEFAULT 'primary' -- primary, then attempt-1, attempt-2, ...
);

CREATE TABLE IF NOT EXISTS llm_transforms (
    transform_id TEXT PRIMARY KEY REFERENCES transforms (id) ON DELETE CASCADE,
    project_id TEXT NOT NULL REFERENCES projects (id) ON DELETE CASCADE,
    model_name TEXT NOT NULL,
    model_parameters TEXT,
    raw_response TEXT,
    token_usage TEXT
);

CREATE TABLE IF NOT EXISTS human_transforms (
    transform_id TEXT PRIMARY KEY REFERENCES transforms (id) ON DELETE CASCADE,
    project_id TEXT NOT NULL REFERENCES projects (id) ON DELETE CASCADE,
    action_type TEXT NOT NULL,
    interface_context TEXT,
    change_description TEXT
);

-- Triggers that keep updated_at

CREATE OR REPLACE FUNCTION update_updated_at_column() RETURNS TRIGGER LANGUAGE plpgsql AS $$
BEGIN
    NEW.updated_at = CURRENT_TIMESTAMP;
    RETURN NEW;
END;
$$;

CREATE OR REPLACE TRIGGER update_users_updated_at BEFORE UPDATE ON users
FOR EACH ROW EXECUTE FUNCTION update_updated_at_column();

CREATE OR REPLACE TRIGGER update_projects_updated_at BEFORE UPDATE ON projects
FOR EACH ROW EXECUTE FUNCTION update_updated_at_column();

CREATE OR REPLACE TRIGGER update_artifacts_updated_at BEFORE UPDATE ON artifacts
FOR EACH ROW EXECUTE FUNCTION update_updated_at_column();

CREATE OR REPLACE TRIGGER update_transforms_updated_at BEFORE UPDATE ON transforms
FOR EACH ROW EXECUTE FUNCTION update_updated_at_column();

-- Triggers that write project_news

CREATE OR REPLACE FUNCTION open_project_news() RETURNS TRIGGER LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO project_news (membership_id, user_id, project_id, changed_in)
    VALUES (NEW.id, NEW.user_id, NEW.project_id, pg_current_xact_id()::text::bigint);
    RETURN NULL;
END;
$$;

CREATE OR REPLACE FUNCTION tell_project_news() RETURNS TRIGGER LANGUAGE plpgsql AS $$
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

CREATE OR REPLACE TRIGGER open_project_news AFTER INSERT ON projects_users
FOR EACH ROW EXECUTE FUNCTION open_project_news();

-- Deferred to the commit: a transaction that waits for these locks holds no lock that others will ask for.

DROP TRIGGER IF EXISTS tell_project_news ON projects;
CREATE CONSTRAINT TRIGGER tell_project_news AFTER UPDATE ON projects
DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION tell_project_news();

DROP TRIGGER IF EXISTS tell_project_news ON projects_users;
CREATE CONSTRAINT TRIGGER tell_project_news AFTER UPDATE ON projects_users
DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION tell_project_news();

DROP TRIGGER IF EXISTS tell_of_a_run ON transforms;
CREATE CONSTRAINT TRIGGER tell_of_a_run AFTER INSERT ON transforms
DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (NEW.type = 'llm') EXECUTE FUNCTION tell_project_news();

DROP TRIGGER IF EXISTS tell_of_a_state ON transforms;
CREATE CONSTRAINT TRIGGER tell_of_a_state AFTER UPDATE ON transforms
DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
WHEN (NEW.type = 'llm' AND NEW.streaming_status IS DISTINCT FROM OLD.streaming_status)
EXECUTE FUNCTION tell_project_news();

DROP TRIGGER IF EXISTS tell_of_an_idea ON artifacts;
CREATE CONSTRAINT TRIGGER tell_of_an_idea AFTER INSERT ON artifacts
DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (NEW.type IN ('brainstorm_ideas', 'brainstorm_idea'))
EXECUTE FUNCTION tell_project_news();

DROP TRIGGER IF EXISTS tell_of_ideas ON artifacts;
CREATE CONSTRAINT TRIGGER tell_of_ideas AFTER UPDATE ON artifacts
DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
WHEN (NEW.type IN ('brainstorm_ideas', 'brainstorm_idea') AND (
    NEW.streaming_status IS DISTINCT FROM OLD.streaming_status
    OR NEW.finished_ideas IS DISTINCT FROM OLD.finished_ideas
))
EXECUTE FUNCTION tell_project_news();

-- Indexes

CREATE INDEX IF NOT EXISTS idx_artifacts_project_type ON artifacts (project_id, type);
CREATE INDEX IF NOT EXISTS idx_artifacts_project_created ON artifacts (project_id, created_at);
CREATE INDEX IF NOT EXISTS idx_artifacts_streaming ON artifacts (streaming_status)
WHERE streaming_status != 'completed';
CREATE INDEX IF NOT EXISTS idx_transforms_project_created ON transforms (project_id, created_at);
CREATE INDEX IF NOT EXISTS idx_transforms_streaming ON transforms (streaming_status)
WHERE streaming_status IN ('running', 'pending');
CREATE INDEX IF NOT EXISTS idx_transforms_asked_by ON transforms (asked_by)
WHERE streaming_status IN ('running', 'pending');
CREATE INDEX IF NOT EXISTS idx_sent_forms_sent ON sent_forms (sent_at);
CREATE INDEX IF NOT EXISTS idx_run_starts_user ON run_starts (user_id, started_at);
CREATE INDEX IF NOT EXISTS idx_projects_users_user_id ON projects_users (user_id);
CREATE INDEX IF NOT EXISTS idx_projects_users_project_id ON projects_users (project_id);
CREATE INDEX IF NOT EXISTS idx_project_invitations_project ON project_invitations (project_id);
CREATE INDEX IF NOT EXISTS idx_project_invitations_invitee ON project_invitations (invitee_id);
CREATE INDEX IF NOT EXISTS idx_project_invitations_inviter ON project_invitations (inviter_id);
CREATE UNIQUE INDEX IF NOT EXISTS one_open_invitation ON project_invitations (project_id, invitee_id)
WHERE status = 'open';
CREATE INDEX IF NOT EXISTS idx_name_lookups_user ON name_lookups (user_id, looked_at);
CREATE INDEX IF NOT EXISTS idx_project_news_user ON project_news (user_id);
CREATE INDEX IF NOT EXISTS idx_project_news_project ON project_news (project_id);
CREATE INDEX IF NOT EXISTS idx_transform_inputs_project ON transform_inputs (project_id);
CREATE INDEX IF NOT EXISTS idx_transform_outputs_project ON transform_outputs (project_id);
CREATE INDEX IF NOT EXISTS idx_llm_prompts_project ON llm_prompts (project_id);
CREATE INDEX IF NOT EXISTS idx_llm_transforms_project ON llm_transforms (project_id);
CREATE INDEX IF NOT EXISTS idx_human_transforms_project ON human_transforms (project_id);
CREATE INDEX IF NOT EXISTS idx_transform_inputs_artifact ON transform_inputs (artifact_id);
CREATE INDEX IF NOT EXISTS idx_transform_outputs_artifact ON transform_outputs (artifact_id);
CREATE INDEX IF NOT EXISTS idx_llm_prompts_transform ON llm_prompts (transform_id);
CREATE INDEX IF NOT EXISTS idx_user_sessions_user ON user_sessions (user_id);
CREATE INDEX IF NOT EXISTS idx_user_sessions_expires ON user_sessions (expires_at);
CREATE INDEX IF NOT EXISTS idx_sign_in_failures_account ON sign_in_failures (account, failed_at);
CREATE INDEX IF NOT EXISTS idx_sign_in_failures_address ON sign_in_failures (address, failed_at);
CREATE INDEX IF NOT EXISTS idx_registrations_address ON registrations (address, registered_at);
CREATE INDEX IF NOT EXISTS idx_users_name_skeleton ON users (name_skeleton);
CREATE INDEX IF NOT EXISTS idx_api_tokens_user ON api_tokens (user_id);
CREATE INDEX IF NOT EXISTS idx_presence_project ON presence (project_id);
CREATE INDEX IF NOT EXISTS idx_presence_seen ON presence (seen_at);

-- One active run in a project: a double click, or two colleagues at once, start one.
CREATE UNIQUE INDEX IF NOT EXISTS one_active_llm_transform_per_project ON transforms (project_id)
WHERE type = 'llm' AND streaming_status IN ('pending', 'running');

-- For people and reports; the screens make the same join from shapes (scriptwriter/sync/project_flow.py).

CREATE OR REPLACE VIEW brainstorm_flows AS
SELECT
    p.id AS project_id,
    p.name AS project_name,
    t.id AS transform_id,
    t.streaming_status AS transform_status,
    t.progress_percentage,
    t.error_message,
    t.created_at AS transform_created_at,
    t.updated_at AS transform_updated_at,
    a.id AS artifact_id,
    a.type AS artifact_type,
    a.streaming_status AS artifact_status,
    a.streaming_progress,
    a.data AS artifact_data,
    a.partial_data AS artifact_partial_data,
    a.created_at AS artifact_created_at,
    a.updated_at AS artifact_updated_at
FROM projects p
JOIN transforms t ON t.project_id = p.id
LEFT JOIN transform_outputs tro ON tro.transform_id = t.id
LEFT JOIN artifacts a ON a.id = tro.artifact_id
WHERE t.type = 'llm'
    AND (a.type IS NULL OR a.type IN ('brainstorm_ideas', 'brainstorm_params'))
ORDER BY t.created_at DESC;
