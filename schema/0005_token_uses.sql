-- The account page shows from where, and by which program, an API token was used last.

ALTER TABLE api_tokens ADD COLUMN last_used_address TEXT, ADD COLUMN last_used_agent TEXT;
