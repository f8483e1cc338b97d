-- A form that is sent twice, also to another process or after a restart, makes one project or one run.

CREATE TABLE sent_forms (
    user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    ticket TEXT NOT NULL,
    project_id TEXT NOT NULL,
    sent_at TIMESTAMPTZ NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (user_id, ticket)
);
CREATE INDEX idx_sent_forms_sent ON sent_forms (sent_at);
