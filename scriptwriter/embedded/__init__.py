"""PostgreSQL and a shape server that need no installation. Neither imports the other or this application."""
