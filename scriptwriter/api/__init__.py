"""The HTTP API: FastAPI routes, each one call of a service, and the middleware in front of them."""
