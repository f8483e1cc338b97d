"""The embedded shape server gives the answers that a real Electric 1.7.12 gave."""

import math

import pytest

from tests.conformance.replay import Replay
from tests.support import outside_electric
from tests.support.shape_servers import client, database, shape_server

# Known differences: a pattern of "title | request | part", and the reason.
KNOWN = {
    r"INSERT and DELETE of the same row in one transaction": "a re-read returns only the committed result",
    r"update out of the shape and back in, one transaction": "the same: it comes as an update",
    r"another live client with an older offset gets all of it.*body": "the same, in the log",
    r"live on the partitioned root.*body": "keys name the root, as they do in Electric's own snapshot",
    r"UNION": "a 400 with a reason, where Electric has an internal error",
}

DROP_TABLE_BEGINS = (
    33.12  # after it Electric serves a dropped table, for which test_shape_server_tables.py has tests
)
TOAST_BEGINS = 1.73  # after it the recording lacks the requests that opened the shape
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
async def test_each_recorded_request_gets_the_recorded_answer(
    names: list[str], count: int, until: float, empty_database: str
) -> None:
    """Status, headers and messages are compared."""
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
