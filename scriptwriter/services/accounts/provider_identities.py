"""Accounts of people who sign in at an OpenID Connect provider."""

from sqlalchemy import text
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from scriptwriter.domain.errors import UserError
from scriptwriter.domain.typed_text import one_line, visible_or_empty
from scriptwriter.services.accounts import usernames
from scriptwriter.services.accounts.openid_client import Identity
from scriptwriter.services.accounts.passwords import TAKEN, create_in
from scriptwriter.services.accounts.sessions import open_in
from scriptwriter.store.database import transaction
from scriptwriter.store.tables import AuthProvider, User

OIDC = "oidc"
"""`provider_type` of such an account. `provider_user_id` is issuer and subject, separated by a space."""
NOBODY = "writer"
"""The username if the provider reports no usable one."""
_LONGEST_SHOWN = 64

_LOCK = text("SELECT pg_advisory_xact_lock(hashtextextended(:who, 0))")


async def sign_in(identity: Identity, *, user_agent: str = "", instead_of: str = "") -> str:
    """Sign in; returns the session token (see `sessions.open_session`). The first sign-in creates the
    account.

    Issuer and subject alone identify the person. An existing account with the same name or mail address is
    never taken over. Raises UserError `account_inactive`.
    """
    who = f"{identity.issuer} {identity.subject}"
    async with transaction() as session:
        # Two concurrent first sign-ins create one account.
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
            user_id = await create_in(session, unique, visible_or_empty(shown[:_LONGEST_SHOWN]) or unique)
        except UserError as error:
            if error.code not in TAKEN:
                raise
        number += 1
    session.add(AuthProvider(user_id=user_id, provider_type=OIDC, provider_user_id=who))
    return user_id


def usable(told: str) -> str:
    """A valid username made from the one that the provider reports; "" if nothing usable is left."""
    made = "".join(
        each if usernames.is_letter(each) or each in usernames.SIGNS else "-"
        for each in usernames.folded(told)
    )
    name = made.strip("-_.")[: usernames.LONGEST_NAME]
    return "" if len(name) < usernames.SHORTEST_NAME or usernames.is_reserved(name) else name
