"""A run's life: a model writes the ideas of one brief, over one or several attempts.

A run is a row of `transforms` of type `llm`. Its state is `streaming_status`; `retry_count` is the number of
its current attempt. It writes one artifact, whose ideas are in `partial_data` while they grow, and in `data`
once the run has ended.

    from          to           by                                   who calls it
    ----          --           --                                   ------------
    (nothing)     pending      starting.start, start_project,       web, api
                               start_again, like, merge, retitle
    pending       running      attempts.begin                       worker
    running       running      attempts.save_draft                  worker, at most every 100 ms
    running       completed    ending.finish                        worker
    running       pending      ending.postpone                      worker: an automatic retry
    pending,      failed       ending.fail, give_up                 worker
      running
    pending,      cancelled    ending.stop                          web, api
      running
    failed,       pending      retrying.retry                       web, api: a person's retry
      cancelled

        start ──▶ pending ──▶ running ──▶ completed
                     ▲           │
                     ├───────────┤
                     │           ▼
                     └── failed, cancelled

When a process dies, takeover.take_over queues its run again, and attempts.begin makes the run `pending` and
`running` in one transaction, as the next attempt. records.transition is the only statement that changes a
state, and domain/graph.py: TRANSITIONS is the table that it obeys.

The other modules: `retrying` also prepares the next attempt (its number and prompt), `records` reads and
writes what is stored of a run, `queue` knows the jobs, `budget` limits starts, and `provenance` says where an
idea comes from, for a page.
"""
