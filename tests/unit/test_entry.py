"""What the ways in and the account page promise without any state."""

from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import pytest
import reflex as rx

from scriptwriter.settings import settings
from scriptwriter.texts import account_texts, sign_in_texts
from scriptwriter.web.account.account_parts import devices_sheet, password_sheet
from scriptwriter.web.account.token_parts import tokens_sheet
from scriptwriter.web.kit.wording import LANGUAGE
from scriptwriter.web.room.card_vars import Notice, SessionView, TokenView
from scriptwriter.web.sign_in.sign_in_form import entry_form, outside_link, password_field

KNOWN = rx.Var("known").to(bool)
UNREACHABLE = rx.Var("unreachable").to(bool)
PROBLEM = rx.Var("problem").to(Notice)


def event(*_: Any) -> Any:
    """An event that stands for any."""
    return rx.console_log("a deed")


STATE = SimpleNamespace(
    username=rx.Var("username").to(str),
    problem=PROBLEM,
    done=PROBLEM,
    changing=rx.Var("changing").to(bool),
    change_password=rx.console_log("change"),
    sessions=rx.Var("sessions").to(list[SessionView]),
    sign_out_one=event,
    sign_out_others=event,
    tokens=rx.Var("tokens").to(list[TokenView]),
    shown=rx.Var("shown").to(bool),
    asked=rx.Var("asked").to(str),
    create=rx.console_log("create"),
    ask=event,
    revoke=event,
    put_away=rx.console_log("away"),
)
ONWARD = rx.Var("onward").to(str)


def form(*, new: bool = False) -> rx.Component:
    """The form of the sign-in page, or that of the register page."""
    return entry_form(
        "/api/session/x",
        sign_in_texts.SIGN_IN,
        problem=PROBLEM,
        username=STATE.username,
        onward=ONWARD,
        new=new,
    )


COMPONENTS: dict[str, Callable[[], rx.Component]] = {
    "sign in": form,
    "register": lambda: form(new=True),
    "outside": lambda: outside_link("/x", "SSO", onward=ONWARD, unreachable=UNREACHABLE),
    "password": lambda: password_sheet(STATE, unreachable=UNREACHABLE),
    "devices": lambda: devices_sheet(STATE, unreachable=UNREACHABLE),
    "tokens": lambda: tokens_sheet(STATE, unreachable=UNREACHABLE, has_password=rx.Var("known").to(bool)),
}


@pytest.mark.parametrize("name", COMPONENTS)
def test_each_can_be_shown_without_any_state(name: str) -> None:
    """It reads the context of the language's state only."""
    code = str(COMPONENTS[name]())

    assert code.startswith(("jsx(", "("))
    assert "reflex___state____state" not in code.replace(str(LANGUAGE), "")


def test_password_managers_know_every_field_and_nothing_cuts_what_is_pasted() -> None:
    """A current password, a new one, and whose they are; a longer one is refused, not shortened."""
    entered, made = str(form()), str(form(new=True))

    assert 'autoComplete:"username"' in entered and 'autoComplete:"current-password"' in entered
    assert 'autoComplete:"new-password"' in made and "current-password" not in made
    changed = str(COMPONENTS["password"]())
    assert all(
        f'autoComplete:"{each}"' in changed for each in ("username", "current-password", "new-password")
    )
    assert "maxLength" not in entered + made + changed


def test_a_password_is_hidden_until_its_button_is_pressed() -> None:
    """The button says which field it is about."""
    code = str(password_field("new", sign_in_texts.PASSWORD, new=True))

    assert 'type:"password"' in code and '"data-reveals":"new"' in code and '"aria-pressed":"false"' in code


@pytest.mark.parametrize("name", ["password", "devices", "tokens"])
def test_what_acts_is_disabled_offline(name: str) -> None:
    """Nothing that is pressed meanwhile happens later."""
    assert "unreachable" in str(COMPONENTS[name]())


def test_every_browser_and_system_has_a_name_in_both_languages() -> None:
    """Whoever reads either list."""
    assert all(
        name.zh and name.en for name in (*account_texts.BROWSERS.values(), *account_texts.SYSTEMS.values())
    )


@pytest.fixture
def setting(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., None]]:
    """Changes settings for one test."""

    def change(**values: str) -> None:
        for name, value in values.items():
            monkeypatch.setenv(name, value)
        settings.cache_clear()

    yield change
    settings.cache_clear()


def test_the_pages_offer_the_ways_that_the_settings_open(setting: Callable[..., None]) -> None:
    """Neither a button nor a form that would be refused."""
    from scriptwriter.web.sign_in.sign_in_page import register, sign_in

    setting(SCRIPTWRITER_ENV="development", REGISTRATION="open", OIDC_ISSUER="")
    assert "/register" in str(sign_in()) and "/api/session/register" in str(register())
    assert "/api/session/oidc" not in str(sign_in()) and "test-user" in str(sign_in())

    setting(SCRIPTWRITER_ENV="production", REGISTRATION="closed", OIDC_ISSUER="https://login.example")
    assert "/register" not in str(sign_in()) and "/api/session/register" not in str(register())
    assert "/api/session/oidc" in str(sign_in()) and "test-user" not in str(sign_in())
    assert "/api/session/sign-in" in str(sign_in())
