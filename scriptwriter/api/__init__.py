"""The HTTP side: FastAPI routes, each one call of a service. They know no state and no page."""
