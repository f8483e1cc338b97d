"""The routes of the HTTP API: each is one call of a service."""
