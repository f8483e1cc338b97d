"""Who sent a request: session cookie, API token, OpenID Connect."""
