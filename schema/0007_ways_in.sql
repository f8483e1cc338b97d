-- For limits: registrations by address, and usernames that look alike.

CREATE TABLE registrations (
    id SERIAL PRIMARY KEY,
    address TEXT NOT NULL,
    registered_at TIMESTAMPTZ DEFAULT CURRENT_TIMESTAMP
);
CREATE INDEX idx_registrations_address ON registrations (address, registered_at);

ALTER TABLE users ADD COLUMN name_skeleton TEXT;
CREATE INDEX idx_users_name_skeleton ON users (name_skeleton);
