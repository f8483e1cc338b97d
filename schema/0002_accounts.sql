-- Accounts: browser and last use of a session, failed sign-ins, and API tokens.

ALTER TABLE projects_users ADD CHECK (role IN ('owner', 'collaborator', 'viewer'));

ALTER TABLE user_sessions ADD COLUMN user_agent TEXT;
ALTER TABLE user_sessions ADD COLUMN last_seen_at TIMESTAMPTZ DEFAULT CURRENT_TIMESTAMP;
CREATE INDEX idx_user_sessions_expires ON user_sessions (expires_at);

CREATE TABLE sign_in_failures (
    id SERIAL PRIMARY KEY,
    account TEXT NOT NULL,
    address TEXT NOT NULL,
    failed_at TIMESTAMPTZ DEFAULT CURRENT_TIMESTAMP
);
CREATE INDEX idx_sign_in_failures_account ON sign_in_failures (account, failed_at);
CREATE INDEX idx_sign_in_failures_address ON sign_in_failures (address, failed_at);

CREATE TABLE api_tokens (
    id TEXT PRIMARY KEY,
    user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    created_at TIMESTAMPTZ DEFAULT CURRENT_TIMESTAMP,
    last_used_at TIMESTAMPTZ
);
CREATE INDEX idx_api_tokens_user ON api_tokens (user_id);
