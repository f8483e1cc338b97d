-- Worker processes and their heartbeats have a table of their own; the tables of the job queue are the queue's.
--
-- Processes of version 9 go on while a deployment rolls: they keep their heartbeats in the queue's table. The
-- jobs, which both versions read, protect a run of either version from the other one. Only a run that lost its
-- job to an outage of the database during that time is taken over although its process lives; the fence then
-- ends the older attempt.

CREATE TABLE worker_processes (
    id BIGSERIAL PRIMARY KEY,
    last_heartbeat TIMESTAMPTZ NOT NULL DEFAULT CURRENT_TIMESTAMP
);
