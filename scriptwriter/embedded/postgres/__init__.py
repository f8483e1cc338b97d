"""An embedded PostgreSQL server: found, set up, started, shared by processes, stopped with the last one."""
