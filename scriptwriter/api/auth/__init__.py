"""Identifies the sender of a request: session cookie, API token, OpenID Connect."""
