"""API tokens, with which a person's programs act for them. A token is shown once; the database has its hash.

Creating one asks for the password again, so that a stolen session cannot leave a token behind.
"""

import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import delete, func, update
from sqlmodel import col, select

from scriptwriter.domain.errors import UserError
from scriptwriter.domain.typed_text import one_line, storable, visible
from scriptwriter.services.accounts import passwords
from scriptwriter.services.accounts.sessions import token_hash
from scriptwriter.store import fair_share
from scriptwriter.store.database import transaction
from scriptwriter.store.tables import ApiToken, User

PREFIX = "sw_"
"""The prefix of every token, by which scanners for leaked secrets recognise it."""
NAME_LIMIT = 60
MOST = 20
"""Tokens of one person."""
_NOTED_EVERY = timedelta(minutes=1)


_OTHER_NOTED_EVERY = timedelta(seconds=5)
"""The same when the address or the program differs from that of the last use."""
_LONGEST_AGENT = 200


@dataclass(frozen=True, slots=True)
class TokenRow:
    """A token in its owner's list. `id` identifies it and does not authenticate.

    `last_used_address` and `last_used_agent` (User-Agent) are those of the last use; "" if unknown.
    """

    id: str
    name: str
    created_at: datetime
    last_used_at: datetime | None
    last_used_address: str = ""
    last_used_agent: str = ""


async def ask_for(user_id: str, name: str, *, session_id: str, password: str) -> str:
    """Create a token after `passwords.confirm`. Raises what both raise."""
    await passwords.confirm(user_id, password, session_id=session_id)
    return await create(user_id, name)


async def create(user_id: str, name: str) -> str:
    """Create a token of `user_id` and return it: 46 characters, to be shown once.

    Raises UserError: `token_name_required`, `token_name_too_long`, `too_many_tokens`.
    """
    name = one_line(name)
    if not visible(name):
        raise UserError("token_name_required")
    if len(name) > NAME_LIMIT:
        raise UserError("token_name_too_long", limit=NAME_LIMIT)
    token = PREFIX + secrets.token_urlsafe(32)
    async with transaction() as session:
        # The row lock keeps two concurrent requests from exceeding the limit together.
        await session.get(User, user_id, with_for_update=True)
        count = await session.exec(select(func.count()).where(ApiToken.user_id == user_id))
        if count.one() >= MOST:
            raise UserError("too_many_tokens", limit=MOST)
        session.add(ApiToken(id=token_hash(token), user_id=user_id, name=name))
    return token


async def mine(user_id: str) -> list[TokenRow]:
    """The tokens of `user_id`, the newest first."""
    async with transaction() as session:
        found = await session.exec(
            select(ApiToken).where(ApiToken.user_id == user_id).order_by(col(ApiToken.created_at).desc())
        )
        return [
            TokenRow(
                row.id,
                row.name,
                row.created_at,
                row.last_used_at,
                row.last_used_address or "",
                row.last_used_agent or "",
            )
            for row in found
        ]


async def revoke(user_id: str, token_id: str) -> None:
    """Delete a token of `user_id` by its id. An unknown id is no error."""
    async with transaction() as session:
        await session.exec(
            delete(ApiToken).where(col(ApiToken.id) == token_id, col(ApiToken.user_id) == user_id)
        )


async def user_of_token(token: str, *, address: str = "", user_agent: str = "") -> User | None:
    """The active person to whom the token belongs, or None.

    The last use is written at most once a minute, or every five seconds if address or program changed.
    """
    if not token.startswith(PREFIX):
        return None
    token_id = token_hash(token)
    fair_share.charge_credential(token_id)
    async with transaction() as session:
        found = await session.exec(
            select(User, ApiToken)
            .join(ApiToken, col(ApiToken.user_id) == User.id)
            .where(ApiToken.id == token_id, User.status == "active")
        )
        row = found.first()
        if row is None:
            fair_share.forget(token_id)
            return None
        user, known = row
        now = datetime.now(UTC)
        used = {
            "last_used_address": address,
            "last_used_agent": storable(user_agent)[:_LONGEST_AGENT],
        }
        same = (known.last_used_address, known.last_used_agent) == tuple(used.values())
        pause = _NOTED_EVERY if same else _OTHER_NOTED_EVERY
        if known.last_used_at is None or now - known.last_used_at > pause:
            changes = used | {"last_used_at": now}
            await session.exec(update(ApiToken).where(col(ApiToken.id) == known.id).values(**changes))
    fair_share.remember(token_id, user.id)
    return user
