"""Owns people who sign in at an outside provider (OpenID Connect). Knows neither HTTP nor tokens of it."""

from sqlalchemy import text
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from scriptwriter.domain.errors import UserError
from scriptwriter.domain.typed_text import one_line, seen
from scriptwriter.services.accounts import usernames
from scriptwriter.services.accounts.openid_client import Identity
from scriptwriter.services.accounts.passwords import TAKEN, create_in
from scriptwriter.services.accounts.sessions import open_in
from scriptwriter.store.database import transaction
from scriptwriter.store.tables import AuthProvider, User

OIDC = "oidc"
"""The provider's type; its id is the issuer and the subject, with a space between."""
NOBODY = "writer"
"""The username of somebody of whom the provider tells no usable name."""
_LONGEST_SHOWN = 64

_LOCK = text("SELECT pg_advisory_xact_lock(hashtextextended(:who, 0))")


async def sign_in(identity: Identity, *, user_agent: str = "", instead_of: str = "") -> str:
    """The token of a new session (see `accounts.open_session`); the first sign-in makes the person.

    Who it is, the issuer and the subject alone say: an account with the same name or mail address is
    somebody else's. Raises UserError `account_inactive`.
    """
    who = f"{identity.issuer} {identity.subject}"
    async with transaction() as session:
        # Two first sign-ins at once make one person.
        await (await session.connection()).execute(_LOCK, {"who": f"identity {who}"})
        found = await session.exec(
            select(User)
            .join(AuthProvider, col(AuthProvider.user_id) == User.id)
            .where(AuthProvider.provider_type == OIDC, AuthProvider.provider_user_id == who)
        )
        user = found.first()
        if user is not None and user.status != "active":
            raise UserError("account_inactive")
        user_id = user.id if user is not None else await _create_in(session, identity, who)
        return await open_in(session, user_id, user_agent=user_agent, instead_of=instead_of)


async def _create_in(session: AsyncSession, identity: Identity, who: str) -> str:
    name = usable(identity.username) or usable(identity.email.partition("@")[0]) or NOBODY
    shown = one_line(identity.name)
    number, user_id = 1, None
    while user_id is None:
        ending = "" if number == 1 else f"-{number}"
        unique = name[: usernames.LONGEST_NAME - len(ending)] + ending
        try:
            user_id = await create_in(session, unique, seen(shown[:_LONGEST_SHOWN]) or unique)
        except UserError as error:
            if error.code not in TAKEN:
                raise
        number += 1
    session.add(AuthProvider(user_id=user_id, provider_type=OIDC, provider_user_id=who))
    return user_id


def usable(told: str) -> str:
    """A username like the one that a provider tells, without what ours may not have; it may be ""."""
    made = "".join(
        each if usernames.is_letter(each) or each in usernames.SIGNS else "-"
        for each in usernames.folded(told)
    )
    name = made.strip("-_.")[: usernames.LONGEST_NAME]
    return "" if len(name) < usernames.SHORTEST_NAME or usernames.is_reserved(name) else name
