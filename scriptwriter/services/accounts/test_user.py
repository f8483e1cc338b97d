"""The test user of development, who signs in without a password and must not exist in production."""

from sqlalchemy import delete, text
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col

from scriptwriter.domain.errors import StartRefused, UserError
from scriptwriter.services.accounts.sessions import open_session
from scriptwriter.settings import settings
from scriptwriter.store.database import transaction
from scriptwriter.store.tables import AuthProvider, User, UserSession

TEST_USER = {"id": "test-user-1", "username": "testuser", "display_name": "测试用户"}

_DELETE_THEIRS_ALONE = text("""
    DELETE FROM projects WHERE id IN (
        SELECT project_id FROM projects_users GROUP BY project_id HAVING array_agg(user_id) = ARRAY[:id]
    )
""")

# A project without an owner could never be managed again.
_HAND_OVER = text("""
    UPDATE projects_users SET role = 'owner' WHERE id IN (
        SELECT DISTINCT ON (project_id) id FROM projects_users AS other
        WHERE user_id != :id
            AND EXISTS (SELECT FROM projects_users WHERE project_id = other.project_id AND user_id = :id)
            AND NOT EXISTS (
                SELECT FROM projects_users
                WHERE project_id = other.project_id AND user_id != :id AND role = 'owner'
            )
        ORDER BY project_id, role = 'viewer', joined_at, id
    )
""")


async def seed() -> None:
    """Create the test user if missing. Raises UserError `test_user_unavailable` in production."""
    if not settings().development:
        raise UserError("test_user_unavailable")
    async with transaction() as session:
        await session.exec(insert(User).values(**TEST_USER).on_conflict_do_nothing())


async def sign_in(*, user_agent: str = "", instead_of: str = "") -> str:
    """Sign the test user in; returns the session token. Raises UserError `test_user_unavailable`."""
    await seed()
    return await open_session(TEST_USER["id"], user_agent=user_agent, instead_of=instead_of)


async def refuse() -> None:
    """Raises StartRefused if the database has the test user, as whom anybody could sign in."""
    async with transaction() as session:
        if await session.get(User, TEST_USER["id"]) is not None:
            raise StartRefused(
                "This database has the test user of development, who needs no password. Remove them, and the "
                "projects in which nobody else is, with: python -m scriptwriter remove-test-user"
            )


async def remove() -> int:
    """Delete the test user and the projects without other members; returns the number of those projects.

    In a project that loses its only owner, the earliest other member becomes its owner, viewers last.
    """
    known = {"id": TEST_USER["id"]}
    async with transaction() as session:
        connection = await session.connection()
        deleted = await connection.execute(_DELETE_THEIRS_ALONE, known)
        await connection.execute(_HAND_OVER, known)
        for table in (UserSession, AuthProvider):
            await session.exec(delete(table).where(col(table.user_id) == TEST_USER["id"]))
        await session.exec(delete(User).where(col(User.id) == TEST_USER["id"]))
        return deleted.rowcount
