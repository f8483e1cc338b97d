-- A table for worker processes and their heartbeats, which were in the job queue's own tables before.
--
-- During a rolling deployment, processes of schema version 9 keep their heartbeats in the queue's table. The
-- jobs, which both versions read, protect a run of either version from being taken over by the other. The only
-- exception is a run whose job was lost in a database outage during that time: it is taken over although its
-- process is alive, and the fence ends the older attempt.

CREATE TABLE worker_processes (
    id BIGSERIAL PRIMARY KEY,
    last_heartbeat TIMESTAMPTZ NOT NULL DEFAULT CURRENT_TIMESTAMP
);
