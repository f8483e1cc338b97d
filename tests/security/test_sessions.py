"""How sessions are stored in the database."""

import psycopg

from scriptwriter.services.accounts import sessions
from tests.support.scenes import Scene


async def test_the_database_keeps_a_hash_of_a_sessions_token(connected: str, scene: Scene) -> None:
    """A backup of the database does not allow anybody to sign in."""
    token = await sessions.open_session(scene.room.owner)

    with psycopg.connect(connected) as connection:
        kept = connection.execute("SELECT to_jsonb(s)::text FROM user_sessions AS s").fetchall()

    assert len(kept) == 1
    assert token not in kept[0][0]
    assert sessions.token_hash(token) in kept[0][0]
