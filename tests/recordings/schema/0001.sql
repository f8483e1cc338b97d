-- The whole database. Applying it to a database that already has it changes nothing.
-- A later change of a table comes as schema/NNNN_name.sql, which upgrades existing databases, and here.

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
    status TEXT DEFAULT 'active'
);

CREATE TABLE IF NOT EXISTS projects (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    description TEXT,
    project_type TEXT DEFAULT 'script',
    status TEXT DEFAULT 'active',
    created_at TIMESTAMPTZ DEFAULT CURRENT_TIMESTAMP,
    updated_at TIMESTAMPTZ DEFAULT CURRENT_TIMESTAMP
);

CREATE TABLE IF NOT EXISTS projects_users (
    id SERIAL PRIMARY KEY,
    project_id TEXT NOT NULL REFERENCES projects (id) ON DELETE CASCADE,
    user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    role TEXT DEFAULT 'owner', -- owner: everything; collaborator: generates and edits; viewer: reads
    joined_at TIMESTAMPTZ DEFAULT CURRENT_TIMESTAMP,
    UNIQUE (project_id, user_id)
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
    created_at TIMESTAMPTZ DEFAULT CURRENT_TIMESTAMP
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
    partial_data JSONB
);

CREATE TABLE IF NOT EXISTS transforms (
    id TEXT PRIMARY KEY,
    project_id TEXT NOT NULL REFERENCES projects (id) ON DELETE CASCADE,
    type TEXT NOT NULL, -- llm or human
    type_version TEXT NOT NULL DEFAULT 'v1',
    status TEXT DEFAULT 'running', -- changes only together with streaming_status
    execution_context TEXT,
    created_at TIMESTAMPTZ DEFAULT CURRENT_TIMESTAMP,
    updated_at TIMESTAMPTZ DEFAULT CURRENT_TIMESTAMP,
    streaming_status TEXT DEFAULT 'pending'
        CHECK (streaming_status IN (
            'pending',   -- waits for a worker
            'running',   -- attempt number retry_count is at work, and it alone may write
            'completed', -- ended with everything that was asked for
            'failed',    -- ended; error_message says why
            'cancelled'  -- a person stopped it
        )),
    progress_percentage NUMERIC(5, 2) DEFAULT 0.00,
    error_message TEXT,
    retry_count INTEGER DEFAULT 0,
    max_retries INTEGER DEFAULT 2
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

-- Timestamps keep themselves

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

-- Indexes

CREATE INDEX IF NOT EXISTS idx_artifacts_project_type ON artifacts (project_id, type);
CREATE INDEX IF NOT EXISTS idx_artifacts_project_created ON artifacts (project_id, created_at);
CREATE INDEX IF NOT EXISTS idx_artifacts_streaming ON artifacts (streaming_status)
WHERE streaming_status != 'completed';
CREATE INDEX IF NOT EXISTS idx_transforms_project_created ON transforms (project_id, created_at);
CREATE INDEX IF NOT EXISTS idx_transforms_streaming ON transforms (streaming_status)
WHERE streaming_status IN ('running', 'pending');
CREATE INDEX IF NOT EXISTS idx_projects_users_user_id ON projects_users (user_id);
CREATE INDEX IF NOT EXISTS idx_projects_users_project_id ON projects_users (project_id);
CREATE INDEX IF NOT EXISTS idx_transform_inputs_project ON transform_inputs (project_id);
CREATE INDEX IF NOT EXISTS idx_transform_outputs_project ON transform_outputs (project_id);
CREATE INDEX IF NOT EXISTS idx_llm_prompts_project ON llm_prompts (project_id);
CREATE INDEX IF NOT EXISTS idx_llm_transforms_project ON llm_transforms (project_id);
CREATE INDEX IF NOT EXISTS idx_human_transforms_project ON human_transforms (project_id);
CREATE INDEX IF NOT EXISTS idx_transform_inputs_artifact ON transform_inputs (artifact_id);
CREATE INDEX IF NOT EXISTS idx_transform_outputs_artifact ON transform_outputs (artifact_id);
CREATE INDEX IF NOT EXISTS idx_llm_prompts_transform ON llm_prompts (transform_id);
CREATE INDEX IF NOT EXISTS idx_user_sessions_user ON user_sessions (user_id);

-- A double click, or two colleagues, start one run.
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
