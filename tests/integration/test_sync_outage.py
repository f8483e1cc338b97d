"""The database is away for a while: followers keep the old list, marked as possibly old."""

import os
import signal

from scriptwriter.domain.graph import Idea
from scriptwriter.embedded.postgres.launcher import attach
from scriptwriter.services.runs import attempts, starting
from scriptwriter.store import database
from scriptwriter.sync.hub import Hub
from tests.support import postgres
from tests.support.flows import following
from tests.support.rooms import BRIEF, make_room
from tests.support.shape_servers import SECRET, shape_server
from tests.support.waiting import eventually

ONE, TWO = Idea("重生之约", "她醒来时回到十年前。"), Idea("替身新娘", "婚礼前夜，新娘不见了。")


async def test_a_database_outage_shows_as_resyncing_and_then_recovers() -> None:
    """正在重新同步 during the outage, and afterwards what was committed since."""
    with postgres.data_folder() as folder, attach(folder) as server:
        url = server.url()
        database.apply_schema(url)
        connection = database.connect(url)
        room = await make_room()
        attempt = await attempts.begin(await starting.start(room.project_id, BRIEF, room.owner))
        assert attempt is not None
        await attempts.save_draft(attempt, [ONE])
        async with (
            shape_server(url, database_wait=0.2) as shapes,
            Hub(shapes, SECRET) as hub,
            following(hub, room.project_id) as follower,
        ):
            os.kill(postgres.supervisor_pid(folder), signal.SIGTERM)
            await eventually(lambda: not postgres.answers(url))
            old = await follower.sees(lambda flow: flow.syncing == "resyncing")
            assert [idea.title for idea in old.batches[0].ideas] == [ONE.title]

            with attach(folder):
                await connection.close()
                await attempts.save_draft(attempt, [ONE, TWO])
                await follower.sees_the_database(url)
        await connection.close()

    assert len(follower.now.batches[0].ideas) == 2
