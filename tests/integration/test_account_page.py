"""The account page, through its states' event handlers and the real services."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import update

from scriptwriter.api.auth.session_cookie import COOKIE
from scriptwriter.api.middleware.websocket_headers import event_cookie
from scriptwriter.scriptwriter import app
from scriptwriter.services.accounts import api_tokens, passwords, sessions
from scriptwriter.store.database import transaction
from scriptwriter.store.tables import UserSession
from scriptwriter.texts import account_texts, error_texts
from scriptwriter.web.account.account_state import AccountState
from scriptwriter.web.account.tokens_state import TokensState
from scriptwriter.web.kit.notices import Notice
from scriptwriter.web.kit.session_state import SessionState
from tests.support.accounts import OTHER, PASSWORD, refusal, stored_sessions
from tests.support.programs import client
from tests.support.rooms import Room
from tests.support.tabs import Tab

pytestmark = pytest.mark.usefixtures("connected")


@asynccontextmanager
async def account_page(token: str) -> AsyncIterator[Tab]:
    """A tab with the account page, with the session of this token."""
    with app.set_contexts():
        async with Tab("tab", "project", event_cookie(f"{COOKIE}={token}"), "/account") as tab:
            for load in (SessionState.enter, AccountState.load, TokensState.load):
                await tab.send(load)
            yield tab


def _problem(code: str) -> Notice:
    return Notice(*error_texts.ERRORS[code])


async def test_changing_the_password_ends_the_other_sessions() -> None:
    """Neither password is ever sent to the page."""
    here = await passwords.register("liming", PASSWORD)
    there = await passwords.sign_in("liming", PASSWORD, user_agent="Mozilla/5.0 (X11; Linux) Firefox/132.0")

    async with account_page(here) as tab:
        assert [device.this_one for device in tab.value(AccountState, "sessions")] == [True, False]
        assert tab.value(AccountState, "sessions")[1].zh == "Firefox · Linux"
        await tab.send(AccountState.change_password, form_data={"current": OTHER, "new": OTHER})
        assert tab.value(AccountState, "problem") == _problem("wrong_current_password")
        await tab.send(AccountState.change_password, form_data={"current": PASSWORD, "new": OTHER})

        assert tab.value(AccountState, "problem") == Notice()
        assert tab.value(AccountState, "done") == Notice(*account_texts.PASSWORD_CHANGED_TOKENS_TOO)
        assert tab.value(AccountState, "changing") is False
        assert [device.this_one for device in tab.value(AccountState, "sessions")] == [True]
        sent = json.dumps(tab.updates, default=str)
        assert PASSWORD not in sent and OTHER not in sent
    assert await sessions.user_of_session(there) is None
    assert await refusal("liming", OTHER) is None


async def test_a_person_ends_their_own_sessions_one_by_one_or_all_others(room: Room) -> None:
    """Naming somebody else's session changes nothing."""
    here = await sessions.open_session(room.owner)
    for _ in range(3):
        await sessions.open_session(room.owner)
    theirs = await sessions.open_session(room.viewer)

    async with account_page(here) as tab:
        assert tab.value(AccountState, "username") == ""
        await tab.send(AccountState.sign_out_one, session_id=sessions.token_hash(theirs))
        await tab.send(AccountState.sign_out_one, session_id={"not": "a text"})
        assert len(tab.value(AccountState, "sessions")) == 4
        await tab.send(AccountState.sign_out_one, session_id=tab.value(AccountState, "sessions")[1].id)
        assert len(tab.value(AccountState, "sessions")) == 3
        await tab.send(AccountState.sign_out_others)
        assert [device.this_one for device in tab.value(AccountState, "sessions")] == [True]

        sent = json.dumps(tab.updates, default=str)
        assert here not in sent and theirs not in sent
    assert await sessions.user_of_session(theirs) is not None


async def test_a_new_token_is_shown_once_and_revoked_after_confirmation(room: Room) -> None:
    """No state var holds it, so no later page load can show it again."""
    here = await sessions.open_session(room.owner)

    async with account_page(here) as tab:
        await tab.send(TokensState.create, form_data={"name": " "})
        assert tab.value(TokensState, "problem") == _problem("token_name_required")
        await tab.send(TokensState.create, form_data={"name": "导出脚本"})
        [token] = tab.filled
        assert token.startswith(api_tokens.PREFIX) and tab.value(TokensState, "problem") == Notice()
        assert tab.value(TokensState, "shown") is True
        await tab.send(TokensState.hide_token)
        assert tab.filled == [token, ""] and tab.value(TokensState, "shown") is False
        [row] = tab.value(TokensState, "tokens")
        assert (row.name, row.used) == ("导出脚本", "")
        assert token not in json.dumps(tab.updates, default=str)
        assert await api_tokens.user_of_token(token) is not None

        await tab.send(TokensState.ask, token_id=row.id)
        assert tab.value(TokensState, "asked") == row.id
        await tab.send(TokensState.revoke, token_id=row.id)

        assert tab.value(TokensState, "tokens") == [] and tab.value(TokensState, "asked") == ""
    assert await api_tokens.user_of_token(token) is None


async def test_making_a_token_needs_the_password() -> None:
    """A session alone, which may be stolen, is not enough. The password is not sent back."""
    here = await passwords.register("liming", PASSWORD)

    async with account_page(here) as tab:
        for password, code in (("", "password_wanted"), (OTHER, "wrong_password")):
            await tab.send(TokensState.create, form_data={"name": "脚本", "token-password": password})
            assert tab.value(TokensState, "problem") == _problem(code)
        assert tab.filled == [] and not tab.value(TokensState, "tokens")
        await tab.send(TokensState.create, form_data={"name": "脚本", "token-password": PASSWORD})

        assert len(tab.filled) == 1 and len(tab.value(TokensState, "tokens")) == 1
        assert PASSWORD not in json.dumps(tab.updates, default=str)


async def test_without_a_password_making_a_token_needs_a_recent_sign_in(room: Room) -> None:
    """Such people sign in at a provider, so a session that has been open for long is not enough."""
    here = await sessions.open_session(room.owner)
    long_ago = datetime.now(UTC) - passwords.RECENTLY - timedelta(seconds=1)
    async with transaction() as session:
        await session.exec(update(UserSession).values(created_at=long_ago))

    async with account_page(here) as tab:
        await tab.send(TokensState.create, form_data={"name": "脚本"})
        assert tab.value(TokensState, "problem").zh == "为了安全，请退出后重新登录，并在 10 分钟内新建令牌"
    async with account_page(await sessions.open_session(room.owner)) as tab:
        await tab.send(TokensState.create, form_data={"name": "脚本"})
        assert tab.value(TokensState, "problem") == Notice()
    assert len(await api_tokens.mine(room.owner)) == 1


@pytest.mark.parametrize(("wish", "left"), [({}, 0), ({"tokens": "revoke"}, 0), ({"tokens": "keep"}, 1)])
async def test_a_changed_password_revokes_the_tokens_unless_they_are_kept(
    wish: dict[str, str], left: int
) -> None:
    """The page lists the remaining ones."""
    here = await passwords.register("liming", PASSWORD)
    user = await sessions.user_of_session(here)
    assert user is not None
    token = await api_tokens.create(user.id, "脚本")

    async with account_page(here) as tab:
        form = {"current": PASSWORD, "new": OTHER} | wish
        await tab.send(AccountState.change_password, form_data=form)

        message = account_texts.PASSWORD_CHANGED if left else account_texts.PASSWORD_CHANGED_TOKENS_TOO
        assert tab.value(AccountState, "done") == Notice(*message)
        await tab.sees(TokensState, "tokens", lambda listed: len(listed or []) == left)
    assert (await api_tokens.user_of_token(token) is not None) is bool(left)


async def test_the_list_of_tokens_shows_where_each_was_used_last(room: Room) -> None:
    """The address and the User-Agent of the request."""
    token = await api_tokens.create(room.owner, "脚本")
    async with client({"authorization": f"Bearer {token}", "user-agent": "export-script/1.0"}) as http:
        assert (await http.get("/api/projects")).status_code == 200

    async with account_page(await sessions.open_session(room.owner)) as tab:
        [row] = tab.value(TokensState, "tokens")
        assert row.used and row.where == "127.0.0.1 · export-script/1.0"


async def test_an_event_of_a_session_ended_elsewhere_redirects_to_sign_in(room: Room) -> None:
    """The event changes nothing."""
    here = await sessions.open_session(room.owner)
    there = await sessions.open_session(room.owner)

    async with account_page(here) as tab:
        await sessions.sign_out_others(room.owner, sessions.token_hash(there))
        for handler, payload in (
            (AccountState.sign_out_others, {}),
            (AccountState.sign_out_one, {"session_id": sessions.token_hash(there)}),
            (AccountState.change_password, {"form_data": {"current": PASSWORD, "new": OTHER}}),
            (TokensState.create, {"form_data": {"name": "脚本"}}),
            (TokensState.revoke, {"token_id": "x"}),
        ):
            tab.redirects.clear()
            await tab.send(handler, **payload)
            assert [path.partition("?")[0] for path in tab.redirects] == ["/sign-in"]

    assert [row.id for row in await stored_sessions()] == [sessions.token_hash(there)]
    assert await api_tokens.mine(room.owner) == []


async def test_without_a_session_nothing_of_an_account_is_sent(room: Room) -> None:
    """Each handler is an endpoint that any client can call."""
    await api_tokens.create(room.owner, "脚本")

    async with account_page("") as tab:
        assert not tab.value(AccountState, "sessions") and not tab.value(TokensState, "tokens")
        assert not tab.value(AccountState, "loaded")
        assert {path.partition("?")[0] for path in tab.redirects} == {"/sign-in"}
