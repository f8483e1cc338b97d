"""The writing side: takes a job, asks the model, and commits the ideas while they grow.

queue_worker → local_runs → run → model_client → reply_events (bytes), reply_parser (ideas) → growing_draft.
`periodic` sends heartbeats and takes over runs of processes that died. Does not import `sync`.
"""
