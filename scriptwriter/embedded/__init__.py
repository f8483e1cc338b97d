"""PostgreSQL and a shape server that need no installation. Each package stands alone."""
