"""The embedded shape server gives the answers that a real Electric 1.7.12 gave."""

import math

import pytest

from tests.conformance.replay import Replay
from tests.support import outside_electric
from tests.support.shape_servers import client, database, shape_server

# Where it answers otherwise, and why: a pattern of "title | request | part" to a reason.
KNOWN = {
    r"INSERT and DELETE of the same row in one transaction": "a re-reading sees only what a commit left",
    r"update out of the shape and back in, one transaction": "the same: it comes as an update",
    r"another live client with an older offset gets all of it.*body": "the same, in the log",
    r"live on the partitioned root.*body": "keys name the root, as they do in Electric's own snapshot",
    r"UNION": "a 400 with a reason, where Electric has an internal error",
}

DROP_TABLE_BEGINS = 33.12  # from here Electric serves a dropped table; ours has tests of its own for that
TOAST_BEGINS = 1.73  # from here the recording lacks the requests that made the shape
WITHOUT_DELETION = ["12-http-methods-caching-paths.txt"]
RECORDINGS = [
    (["01-initial-live-insert-update-delete.txt", "02-live-long-poll-timeout.txt"], 16, math.inf),
    (["03-where-and-params.txt", "04-columns.txt"], 50, math.inf),
    (["05-replica-full.txt"], 13, math.inf),
    (["07-errors-400.txt"], 55, math.inf),
    (["08-must-refetch-409.txt"], 23, DROP_TABLE_BEGINS),
    (["09-views-and-other-relations.txt"], 18, math.inf),
    (["11-types.txt"], 9, TOAST_BEGINS),
    (WITHOUT_DELETION, 17, math.inf),
    (["21-misc.txt"], 29, math.inf),
]


@pytest.mark.parametrize(("names", "count", "until"), RECORDINGS, ids=[n[0][:2] for n, _, _ in RECORDINGS])
async def test_every_recorded_request_is_answered_as_electric_answered_it(
    names: list[str], count: int, until: float, empty_database: str
) -> None:
    """Every request of the recording gets the status, headers and messages that Electric gave."""
    if outside_electric.URL and names == WITHOUT_DELETION:
        pytest.skip("recorded from an Electric that does not allow deletion")
    async with (
        shape_server(empty_database, long_poll=0.5, beyond_end=0.2) as url,
        client(url) as http,
        database(empty_database) as connection,
    ):
        replay = Replay(http, connection, KNOWN)

        for name in names:
            await replay.play(name, until)

    assert not replay.differences, "\n" + "\n".join(replay.differences)
    assert replay.compared == count
