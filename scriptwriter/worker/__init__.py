"""Runs: takes a job, calls the model, and saves drafts of the ideas while the model writes.

queue_worker → local_runs → run → model_client → reply_events (bytes), reply_parser (ideas) → growing_draft.
`periodic` sends heartbeats and takes over runs of processes that died. Does not import `sync`.
"""
