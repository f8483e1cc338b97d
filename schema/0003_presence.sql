-- Presence: who has a project open, and which idea they are editing.

CREATE TABLE presence (
    tab TEXT PRIMARY KEY,
    project_id TEXT NOT NULL REFERENCES projects (id) ON DELETE CASCADE,
    user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    editing TEXT,
    seen_at TIMESTAMPTZ DEFAULT CURRENT_TIMESTAMP
);
CREATE INDEX idx_presence_project ON presence (project_id);
CREATE INDEX idx_presence_seen ON presence (seen_at);
