-- A person becomes a member of a project only by accepting an invitation.

CREATE TABLE project_invitations (
    id TEXT PRIMARY KEY,
    project_id TEXT NOT NULL REFERENCES projects (id) ON DELETE CASCADE,
    invitee_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    inviter_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    role TEXT NOT NULL CHECK (role IN ('owner', 'collaborator', 'viewer')),
    status TEXT NOT NULL DEFAULT 'open' CHECK (status IN ('open', 'accepted', 'declined', 'withdrawn')),
    created_at TIMESTAMPTZ DEFAULT CURRENT_TIMESTAMP,
    changed_at TIMESTAMPTZ DEFAULT CURRENT_TIMESTAMP
);
CREATE INDEX idx_project_invitations_project ON project_invitations (project_id);
CREATE INDEX idx_project_invitations_invitee ON project_invitations (invitee_id);
CREATE INDEX idx_project_invitations_inviter ON project_invitations (inviter_id);
CREATE UNIQUE INDEX one_open_invitation ON project_invitations (project_id, invitee_id) WHERE status = 'open';

CREATE TABLE name_lookups (
    id SERIAL PRIMARY KEY,
    user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    looked_at TIMESTAMPTZ NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX idx_name_lookups_user ON name_lookups (user_id, looked_at);
