-- For the account page: the address and the program that used an API token last.

ALTER TABLE api_tokens ADD COLUMN last_used_address TEXT, ADD COLUMN last_used_agent TEXT;
